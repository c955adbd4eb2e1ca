using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Timestamps;

/// <summary>Judges RFC 3161 time stamp tokens offline, in the profile of docs/spec/timestamps.md §2.</summary>
public static class TimestampToken
{
    /// <summary>Bytes of the largest token that is read.</summary>
    public const int MaxBytes = 64 * 1024;

    private const string TstInfo = "1.2.840.113549.1.9.16.1.4";
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const string Ecdsa = "1.2.840.10045.2.1";
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const int LeastRsaBits = 2048;
    private static readonly HashSet<string> Curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

    /// <summary>The digests of the profile, with the signature algorithms that name each.</summary>
    private static readonly Dictionary<string, (HashAlgorithmName Name, string EcdsaWith, string RsaWith)> Digests = new()
    {
        ["2.16.840.1.101.3.4.2.1"] = (HashAlgorithmName.SHA256, "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"),
        ["2.16.840.1.101.3.4.2.2"] = (HashAlgorithmName.SHA384, "1.2.840.10045.4.3.3", "1.2.840.113549.1.1.12"),
        ["2.16.840.1.101.3.4.2.3"] = (HashAlgorithmName.SHA512, "1.2.840.10045.4.3.4", "1.2.840.113549.1.1.13"),
    };

    /// <summary>Judges a token over a text.</summary>
    /// <param name="der">The token: a TimeStampToken in DER.</param>
    /// <param name="text">What it should stamp: a checkpoint's text with its final newline.</param>
    /// <param name="timestampers">The authorities that the verifier believes.</param>
    public static TimestampCheck Verify(ReadOnlyMemory<byte> der, ReadOnlySpan<byte> text, IReadOnlyList<Timestamper> timestampers)
    {
        ArgumentNullException.ThrowIfNull(timestampers);
        try
        {
            return Judge(der, text, timestampers);
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException or EvidenceFormatException)
        {
            return Fault(TimestampFault.Malformed, error.Message);
        }
    }

    private static TimestampCheck Fault(TimestampFault fault, string reason, DateTimeOffset time = default, string timestamper = "") => new(fault, reason, timestamper, time, null);

    /// <summary>The parts of a token of the profile. The library's own token type is of no use before all of it holds: it refuses the rest without a reason.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are none.</exception>
    private static (SignedCms Cms, Rfc3161TimestampTokenInfo Info) Parse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"expected at most {MaxBytes} bytes, found {der.Length}");
        }

        DerForm.Check(der);
        var cms = new SignedCms();
        cms.Decode(der.Span);
        if (cms.ContentInfo.ContentType.Value != TstInfo || !Rfc3161TimestampTokenInfo.TryDecode(cms.ContentInfo.Content, out var info, out var consumed) || consumed != cms.ContentInfo.Content.Length)
        {
            throw new EvidenceFormatException("expected a TSTInfo, found other content");
        }

        DerForm.Check(cms.ContentInfo.Content);
        if (info.Version != 1 || info.GetExtensions().Any(extension => extension.Critical))
        {
            throw new EvidenceFormatException("expected a TSTInfo of version 1 without critical extensions, found another");
        }

        if (cms.SignerInfos.Count != 1 || cms.SignerInfos[0] is not { Version: 1, SignerIdentifier.Type: SubjectIdentifierType.IssuerAndSerialNumber } signer)
        {
            throw new EvidenceFormatException("expected one signer, named by issuer and serial number, found others");
        }

        SignedAttributes.Check(der);
        return Digests.ContainsKey(signer.DigestAlgorithm.Value ?? "") && Digests.ContainsKey(info.HashAlgorithmId.Value ?? "")
            ? (cms, info)
            : throw new EvidenceFormatException("expected digests of SHA-256, SHA-384 or SHA-512, found others");
    }

    private static TimestampCheck Judge(ReadOnlyMemory<byte> der, ReadOnlySpan<byte> text, IReadOnlyList<Timestamper> timestampers)
    {
        var (cms, info) = Parse(der);
        var hash = CryptographicOperations.HashData(Digests[info.HashAlgorithmId.Value!].Name, text);
        if (!info.GetMessageHash().Span.SequenceEqual(hash))
        {
            return Fault(TimestampFault.Imprint, $"one over something else, {Convert.ToHexStringLower(info.GetMessageHash().Span)}", info.Timestamp);
        }

        var given = cms.Certificates;
        try
        {
            if (cms.SignerInfos[0].Certificate is not { } signer)
            {
                return Fault(TimestampFault.Malformed, "a token without its signer's certificate");
            }

            var check = JudgeSigner(signer, given, info, timestampers);
            return check.IsGood && !(IsOfProfile(cms.SignerInfos[0], signer) && Rfc3161TimestampToken.TryDecode(der, out _, out _))
                ? Fault(TimestampFault.Signature, "signed attributes or a signature that do not hold", info.Timestamp, check.Timestamper)
                : check;
        }
        finally
        {
            foreach (var certificate in given)
            {
                certificate.Dispose();
            }
        }
    }

    /// <summary>Judges whose certificate it is, what for and when.</summary>
    private static TimestampCheck JudgeSigner(X509Certificate2 signer, X509Certificate2Collection given, Rfc3161TimestampTokenInfo info, IReadOnlyList<Timestamper> timestampers)
    {
        var (name, validities) = PathsOf(signer, given, timestampers);
        if (name is null)
        {
            return Fault(TimestampFault.Unknown, $"one by {Hex.Excerpt(signer.Subject)}", info.Timestamp);
        }

        if (UsageProblem(signer) is { } usage)
        {
            return Fault(TimestampFault.Usage, usage, info.Timestamp, name);
        }

        return validities.Any(validity => validity.Holds(info.Timestamp))
            ? new TimestampCheck(TimestampFault.None, "", name, info.Timestamp, info.AccuracyInMicroseconds is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : null)
            : Fault(TimestampFault.Expired, $"certificates valid from {validities[0].From:yyyy-MM-dd'T'HH:mm:ss'Z'} to {validities[0].To:yyyy-MM-dd'T'HH:mm:ss'Z'}", info.Timestamp, name);
    }

    /// <summary>The first authority to one of whose roots the signer leads, and when each such path holds.</summary>
    private static (string? Name, List<PathValidity> Validities) PathsOf(X509Certificate2 signer, X509Certificate2Collection given, IReadOnlyList<Timestamper> timestampers)
    {
        var validities = new List<PathValidity>();
        foreach (var timestamper in timestampers)
        {
            foreach (var root in timestamper.Roots)
            {
                var others = given.Where(one => !one.RawDataMemory.Span.SequenceEqual(signer.RawDataMemory.Span));
                using var path = OfflinePath.Build(signer, others, root.Span);
                if (path.LeadsThere && path.Certificates.SkipLast(1).All(one => OfflinePath.IsStronglySigned(one) && path.IsGiven(one)))
                {
                    validities.Add(path.Validity);
                }
            }

            if (validities.Count > 0)
            {
                return (timestamper.Name, validities);
            }
        }

        return (null, validities);
    }

    private static string? UsageProblem(X509Certificate2 signer)
    {
        var extended = signer.Extensions.OfType<X509EnhancedKeyUsageExtension>().ToList();
        if (extended is not [{ Critical: true, EnhancedKeyUsages: { Count: 1 } uses }] || uses[0].Value != TimeStamping)
        {
            return "a signer's certificate that is not for time stamping alone";
        }

        const X509KeyUsageFlags signs = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation;
        return signer.Extensions.OfType<X509KeyUsageExtension>().Any(usage => (usage.KeyUsages & signs) == 0)
            ? "a signer's certificate whose key usage forbids signatures"
            : null;
    }

    private static bool IsOfProfile(SignerInfo signer, X509Certificate2 certificate)
    {
        var (_, ecdsaWith, rsaWith) = Digests[signer.DigestAlgorithm.Value!];
        var algorithm = signer.SignatureAlgorithm.Value;
        switch (certificate.PublicKey.Oid.Value)
        {
            case Ecdsa:
                using (var key = certificate.GetECDsaPublicKey())
                {
                    return key is not null && algorithm == ecdsaWith && Curves.Contains(key.ExportParameters(false).Curve.Oid?.Value ?? "");
                }

            case Rsa:
                using (var key = certificate.GetRSAPublicKey())
                {
                    return key is { KeySize: >= LeastRsaBits } && (algorithm == Rsa || algorithm == rsaWith);
                }

            default:
                return false;
        }
    }
}
