using System.Security.Cryptography;

namespace Cairn.Evidence.Timestamps;

/// <summary>A digest of the profile, with the signature algorithms that name it.</summary>
/// <param name="Name">The digest.</param>
/// <param name="EcdsaWith">Object identifier of ECDSA with it.</param>
/// <param name="RsaWith">Object identifier of RSA PKCS #1 v1.5 with it.</param>
internal sealed record TimestampDigest(HashAlgorithmName Name, string EcdsaWith, string RsaWith)
{
    private static readonly Dictionary<string, TimestampDigest> Known = new()
    {
        ["2.16.840.1.101.3.4.2.1"] = new(HashAlgorithmName.SHA256, "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"),
        ["2.16.840.1.101.3.4.2.2"] = new(HashAlgorithmName.SHA384, "1.2.840.10045.4.3.3", "1.2.840.113549.1.1.12"),
        ["2.16.840.1.101.3.4.2.3"] = new(HashAlgorithmName.SHA512, "1.2.840.10045.4.3.4", "1.2.840.113549.1.1.13"),
    };

    /// <exception cref="EvidenceFormatException">The object identifier names none of the profile.</exception>
    public static TimestampDigest Of(string? identifier) =>
        TryFind(identifier, out var digest) ? digest : throw new EvidenceFormatException($"expected a digest of SHA-256, SHA-384 or SHA-512, found {identifier}");

    public static bool TryFind(string? identifier, out TimestampDigest digest) => Known.TryGetValue(identifier ?? "", out digest!);
}
