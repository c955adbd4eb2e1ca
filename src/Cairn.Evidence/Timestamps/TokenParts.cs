using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Timestamps;

/// <summary>A token's parts: SignedData of RFC 5652 §5.1 with one signer, around the TSTInfo of RFC 3161 §2.4.2.</summary>
internal sealed class TokenParts
{
    public const string TstInfo = "1.2.840.113549.1.9.16.1.4";
    public static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);
    private const string SignedData = "1.2.840.113549.1.7.2";
    private const int MaxCertificates = 16;
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1);

    public required ReadOnlyMemory<byte> Content { get; init; }

    public required Rfc3161TimestampTokenInfo Info { get; init; }

    /// <summary>DER of what stands as certificates; some may be none.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; init; }

    public required ReadOnlyMemory<byte> Issuer { get; init; }

    public required ReadOnlyMemory<byte> SerialNumber { get; init; }

    public required TimestampDigest Digest { get; init; }

    public required SignedAttributes Attributes { get; init; }

    public required string SignatureAlgorithm { get; init; }

    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <exception cref="EvidenceFormatException">The bytes are no token of the profile.</exception>
    /// <exception cref="AsnContentException">Likewise.</exception>
    public static TokenParts Parse(ReadOnlyMemory<byte> der)
    {
        DerForm.Check(der);
        var outer = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        Require(outer.ReadObjectIdentifier() == SignedData, "signed data");
        var data = outer.ReadSequence(Context0).ReadSequence();
        outer.ThrowIfNotEmpty();
        Require(data.TryReadInt32(out var form) && form == 3, "signed data of version 3");
        var digests = data.ReadSetOf();
        var listed = Algorithm(digests.ReadSequence());
        Require(!digests.HasData, "one digest algorithm");
        var encapsulated = data.ReadSequence();
        Require(encapsulated.ReadObjectIdentifier() == TstInfo, "a TSTInfo");
        ReadOnlyMemory<byte> content = encapsulated.ReadSequence(Context0).ReadOctetString();
        DerForm.Check(content);
        Require(Rfc3161TimestampTokenInfo.TryDecode(content, out var info, out var consumed) && consumed == content.Length, "a TSTInfo");
        Require(info!.Version == 1 && !info.GetExtensions().Any(extension => extension.Critical), "a TSTInfo of version 1 without critical extensions");
        var certificates = new List<ReadOnlyMemory<byte>>();
        while (data.HasData && data.PeekTag() is var tag && (tag.HasSameClassAndValue(Context0) || tag.HasSameClassAndValue(Context1)))
        {
            var all = data.ReadSetOf(skipSortOrderValidation: true, tag);
            while (all.HasData && tag.HasSameClassAndValue(Context0))
            {
                certificates.Add(all.ReadEncodedValue());
            }
        }

        Require(certificates.Count <= MaxCertificates, $"at most {MaxCertificates} certificates");
        var signers = data.ReadSetOf();
        data.ThrowIfNotEmpty();
        var signer = signers.ReadSequence();
        Require(!signers.HasData, "one signer");
        Require(signer.TryReadInt32(out var version) && version == 1, "a signer of version 1");
        var identifier = signer.ReadSequence();
        var issuer = identifier.ReadEncodedValue();
        var serial = identifier.ReadIntegerBytes();
        identifier.ThrowIfNotEmpty();
        var digest = Algorithm(signer.ReadSequence());
        Require(digest == listed, "the digest algorithm that the signed data lists");
        var attributes = SignedAttributes.Parse(signer.ReadEncodedValue());
        var algorithm = Algorithm(signer.ReadSequence());
        var signature = signer.ReadOctetString();
        if (signer.HasData)
        {
            _ = signer.ReadSetOf(skipSortOrderValidation: true, Context1);
        }

        signer.ThrowIfNotEmpty();
        return new TokenParts
        {
            Content = content, Info = info, Certificates = certificates, Issuer = issuer, SerialNumber = serial,
            Digest = TimestampDigest.Of(digest), Attributes = attributes, SignatureAlgorithm = algorithm, Signature = signature,
        };
    }

    /// <summary>The certificates that are some. What stands beside them and is none does not matter: a path leads through certificates.</summary>
    public X509Certificate2Collection LoadCertificates()
    {
        var loaded = new X509Certificate2Collection();
        foreach (var der in Certificates)
        {
            try
            {
                loaded.Add(Statements.DerCertificate.Load(der.Span));
            }
            catch (CryptographicException)
            {
                // None: see above.
            }
        }

        return loaded;
    }

    /// <summary>The identifier of an algorithm without parameters: they are NULL, or not there. Nobody signs them, so they must not be able to say anything.</summary>
    private static string Algorithm(AsnReader algorithm)
    {
        var identifier = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }

        algorithm.ThrowIfNotEmpty();
        return identifier;
    }

    private static void Require(bool holds, string expected)
    {
        if (!holds)
        {
            throw new EvidenceFormatException($"expected {expected}, found other content");
        }
    }
}
