using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence;

namespace Cairn.Identity.Bundles;

/// <summary>A public key that signs JWT-SVIDs of a trust domain: RSA of 2,048 bits and more, P-256, P-384 or P-521.</summary>
public sealed class JwtAuthority
{
    private readonly byte[] _spki;

    /// <summary>A key.</summary>
    /// <param name="keyId">Its <c>kid</c>.</param>
    /// <param name="spki">Its SubjectPublicKeyInfo, DER.</param>
    /// <exception cref="EvidenceFormatException">It is another kind of key, or the id is empty.</exception>
    public JwtAuthority(string keyId, ReadOnlySpan<byte> spki)
    {
        KeyId = string.IsNullOrEmpty(keyId) ? throw new EvidenceFormatException("JWT key: expected a kid, found none") : keyId;
        _spki = spki.ToArray();
        using var key = Open();
        var isAllowed = key switch
        {
            RSA rsa => rsa.KeySize >= 2048,
            ECDsa ec => ec.KeySize is 256 or 384 or 521,
            _ => false,
        };
        if (!isAllowed)
        {
            throw new EvidenceFormatException($"JWT key {keyId}: expected RSA of at least 2048 bits, P-256, P-384 or P-521, found {key.SignatureAlgorithm ?? "EC"} {key.KeySize}");
        }
    }

    /// <summary>The key's id.</summary>
    public string KeyId { get; }

    /// <summary>The key's SubjectPublicKeyInfo, DER.</summary>
    public ReadOnlySpan<byte> SubjectPublicKeyInfo => _spki;

    /// <summary>The id that this authority gives its own keys: the first 16 bytes of SHA-256 of the SubjectPublicKeyInfo, hex.</summary>
    public static string IdFor(ReadOnlySpan<byte> spki) => Digest.Sha256(spki).ToString()[..32];

    /// <summary>Whether the signature is this key's, by one of the algorithms of JWT-SVID §2.1 that fit it.</summary>
    internal bool Verifies(string algorithm, string signed, ReadOnlySpan<byte> signature)
    {
        var hash = algorithm[2..] switch
        {
            "256" => HashAlgorithmName.SHA256,
            "384" => HashAlgorithmName.SHA384,
            _ => HashAlgorithmName.SHA512,
        };
        var data = Encoding.ASCII.GetBytes(signed);
        using var key = Open();
        return (algorithm[..2], key) switch
        {
            ("RS", RSA rsa) => rsa.VerifyData(data, signature, hash, RSASignaturePadding.Pkcs1),
            ("PS", RSA rsa) => rsa.VerifyData(data, signature, hash, RSASignaturePadding.Pss),
            ("ES", ECDsa ec) => ec.KeySize == (algorithm == "ES512" ? 521 : int.Parse(algorithm.AsSpan(2))) && ec.VerifyData(data, signature, hash),
            _ => false,
        };
    }

    internal AsymmetricAlgorithm Open()
    {
        var ec = ECDsa.Create();
        try
        {
            ec.ImportSubjectPublicKeyInfo(_spki, out _);
            return ec;
        }
        catch (CryptographicException)
        {
            ec.Dispose();
        }

        var rsa = RSA.Create();
        try
        {
            rsa.ImportSubjectPublicKeyInfo(_spki, out _);
            return rsa;
        }
        catch (CryptographicException error)
        {
            rsa.Dispose();
            throw new EvidenceFormatException($"JWT key {KeyId}: expected the SubjectPublicKeyInfo of an RSA or EC key: {error.Message}", error);
        }
    }
}
