using System.Security.Cryptography;
using System.Text;

namespace Cairn.Gateway.Egress;

/// <summary>A password of one run: 256 random bits, known to whoever got the proxy's address with it.</summary>
public sealed class ProxyPassword
{
    private const string User = "cairn";

    private readonly byte[] _expected;

    private ProxyPassword(string secret)
    {
        Secret = secret;
        _expected = SHA256.HashData(Encoding.ASCII.GetBytes($"{User}:{secret}"));
    }

    /// <summary>The secret, of characters that need no escape in a URI.</summary>
    internal string Secret { get; }

    /// <summary>A new one.</summary>
    public static ProxyPassword New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));

    /// <summary>The proxy's address as <c>HTTP_PROXY</c> has it.</summary>
    public string AddressAt(System.Net.IPEndPoint place) => $"http://{User}:{Secret}@{place}";

    /// <summary>Whether a <c>Proxy-Authorization</c> is this password's (Basic, RFC 7617); compared in constant time.</summary>
    internal bool Accepts(IReadOnlyList<string> authorization)
    {
        if (authorization is not [var value] || value.Length > 1024 || !value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var decoded = new byte[value.Length];
        return Convert.TryFromBase64String(value[6..].Trim(), decoded, out var length)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(decoded.AsSpan(0, length)), _expected);
    }
}
