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

    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const string Ecdsa = "1.2.840.10045.2.1";
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const int LeastRsaBits = 2048;
    private static readonly HashSet<string> Curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

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

    private static TimestampCheck Judge(ReadOnlyMemory<byte> der, ReadOnlySpan<byte> text, IReadOnlyList<Timestamper> timestampers)
    {
        if (der.Length > MaxBytes)
        {
            return Fault(TimestampFault.Malformed, $"one of {der.Length} bytes");
        }

        var token = TokenParts.Parse(der);
        var info = token.Info;
        if (!info.GetMessageHash().Span.SequenceEqual(CryptographicOperations.HashData(TimestampDigest.Of(info.HashAlgorithmId.Value).Name, text)))
        {
            return Fault(TimestampFault.Imprint, $"one over something else, {Convert.ToHexStringLower(info.GetMessageHash().Span)}", info.Timestamp);
        }

        var given = token.LoadCertificates();
        try
        {
            var signer = given.FirstOrDefault(one => one.IssuerName.RawData.AsSpan().SequenceEqual(token.Issuer.Span) && one.SerialNumberBytes.Span.SequenceEqual(token.SerialNumber.Span));
            if (signer is null)
            {
                return Fault(TimestampFault.Unknown, "one without its signer's certificate", info.Timestamp);
            }

            var check = JudgeSigner(signer, given, info, timestampers);
            return check.IsGood && !IsSigned(token, signer)
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
                if (ValidityTo(root, signer, given) is { } validity)
                {
                    validities.Add(validity);
                }
            }

            if (validities.Count > 0)
            {
                return (timestamper.Name, validities);
            }
        }

        return (null, validities);
    }

    private static PathValidity? ValidityTo(ReadOnlyMemory<byte> root, X509Certificate2 signer, X509Certificate2Collection given)
    {
        try
        {
            var others = given.Where(one => !one.RawDataMemory.Span.SequenceEqual(signer.RawDataMemory.Span));
            using var path = OfflinePath.Build(signer, others, root.Span);
            return path.LeadsThere && path.Certificates.SkipLast(1).All(one => OfflinePath.IsStronglySigned(one) && path.IsGiven(one)) ? path.Validity : null;
        }
        catch (CryptographicException)
        {
            // A certificate with a key that is none leads nowhere; the platform says so by an exception.
            return null;
        }
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

    private static bool IsSigned(TokenParts token, X509Certificate2 signer)
    {
        var (name, ecdsaWith, rsaWith) = token.Digest;
        var signed = token.Attributes.Signed();
        if (!token.Attributes.Name(TokenParts.TstInfo, CryptographicOperations.HashData(name, token.Content.Span)) || !token.Attributes.Name(signer))
        {
            return false;
        }

        try
        {
            switch (signer.PublicKey.Oid.Value)
            {
                case Ecdsa:
                    using (var key = signer.GetECDsaPublicKey())
                    {
                        return key is not null && token.SignatureAlgorithm == ecdsaWith && Curves.Contains(key.ExportParameters(false).Curve.Oid?.Value ?? "")
                            && key.VerifyData(signed, token.Signature.Span, name, DSASignatureFormat.Rfc3279DerSequence);
                    }

                case Rsa:
                    using (var key = signer.GetRSAPublicKey())
                    {
                        return key is { KeySize: >= LeastRsaBits } && (token.SignatureAlgorithm == Rsa || token.SignatureAlgorithm == rsaWith)
                            && key.VerifyData(signed, token.Signature.Span, name, RSASignaturePadding.Pkcs1);
                    }

                default:
                    return false;
            }
        }
        catch (CryptographicException)
        {
            // A signature or key in another encoding is one that does not hold.
            return false;
        }
    }
}
