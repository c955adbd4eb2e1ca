using System.Security.Cryptography;
using System.Text;
using Cairn.Identity.Files;

namespace Cairn.Server.Access;

/// <summary>
/// The two tokens of a data directory, each in a file of mode 0600: <c>enrol.token</c> lets an emitter join,
/// <c>read.token</c> lets a person or tool read. Made at the first start; whoever can read the file may do what it says.
/// </summary>
internal sealed class ServerTokens
{
    private readonly byte[] _enrol;
    private readonly byte[] _read;

    private ServerTokens(byte[] enrol, byte[] read) => (_enrol, _read) = (enrol, read);

    public static string EnrolPath(string data) => Path.Combine(data, "enrol.token");

    public static string ReadPath(string data) => Path.Combine(data, "read.token");

    /// <summary>Reads the tokens, making those that are missing.</summary>
    public static ServerTokens OpenOrCreate(string data)
    {
        using (FileLock.Take(Path.Combine(data, "tokens.lock"), TimeSpan.FromSeconds(10)))
        {
            return new ServerTokens(Token(EnrolPath(data)), Token(ReadPath(data)));
        }
    }

    public bool IsEnrol(string? token) => Matches(_enrol, token);

    public bool IsRead(string? token) => Matches(_read, token);

    /// <summary>32 random bytes as text for a header or a file.</summary>
    public static string Make() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    private static byte[] Token(string path)
    {
        if (!File.Exists(path))
        {
            DurableFile.Write(path, Encoding.ASCII.GetBytes(Make() + "\n"));
        }

        DurableFile.RequireOwnerOnly(path);
        var text = File.ReadAllText(path).Trim();
        return text.Length >= 32
            ? Encoding.UTF8.GetBytes(text)
            : throw new CairnServerException($"{path} has {text.Length} characters; expected a token of at least 32. Remove the file to have one made");
    }

    // The hashes are compared, so that neither content nor length shows in the time taken.
    private static bool Matches(byte[] expected, string? token) =>
        token is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(expected), SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
