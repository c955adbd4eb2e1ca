using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Timestamps;

/// <summary>
/// A token's signed attributes (RFC 5652 §5.3): what the signature is over, and whose certificate it is (RFC 5035 §5.4:
/// signingCertificateV2; RFC 2634 §5.4: signingCertificate).
/// </summary>
internal sealed class SignedAttributes
{
    private const string ContentType = "1.2.840.113549.1.9.3";
    private const string MessageDigest = "1.2.840.113549.1.9.4";
    private const string SigningCertificate = "1.2.840.113549.1.9.16.2.12";
    private const string SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
    private static readonly Asn1Tag DirectoryName = new(TagClass.ContextSpecific, 4);
    private readonly ReadOnlyMemory<byte> _encoded;
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _values = [];

    private SignedAttributes(ReadOnlyMemory<byte> encoded) => _encoded = encoded;

    /// <summary>
    /// Reads them. They have to stand in DER's order: the signature is over their DER, and a library that sorts them before it
    /// verifies would accept what another one refuses.
    /// </summary>
    /// <param name="encoded">The [0] element of the signer.</param>
    /// <exception cref="EvidenceFormatException">They are not a set of attributes with one value, each type once.</exception>
    /// <exception cref="AsnContentException">The bytes are no set in order.</exception>
    public static SignedAttributes Parse(ReadOnlyMemory<byte> encoded)
    {
        var read = new SignedAttributes(encoded);
        var attributes = new AsnReader(encoded, AsnEncodingRules.DER).ReadSetOf(TokenParts.Context0);
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            var type = attribute.ReadObjectIdentifier();
            var values = attribute.ReadSetOf();
            attribute.ThrowIfNotEmpty();
            if (!read._values.TryAdd(type, values.ReadEncodedValue()) || values.HasData)
            {
                throw new EvidenceFormatException("expected each signed attribute once and with one value, found others");
            }
        }

        return read;
    }

    /// <summary>What the signature is over: the attributes as the set that they are.</summary>
    public byte[] Signed()
    {
        var signed = _encoded.ToArray();
        signed[0] = 0x31;
        return signed;
    }

    /// <summary>Whether they name a content by its type and digest.</summary>
    public bool Name(string contentType, ReadOnlySpan<byte> digest)
    {
        var (type, hash) = (new AsnWriter(AsnEncodingRules.DER), new AsnWriter(AsnEncodingRules.DER));
        type.WriteObjectIdentifier(contentType);
        hash.WriteOctetString(digest);
        return _values.TryGetValue(ContentType, out var named) && type.EncodedValueEquals(named.Span)
            && _values.TryGetValue(MessageDigest, out var digested) && hash.EncodedValueEquals(digested.Span);
    }

    /// <summary>Whether they name the certificate, by its hash and, where they give them, issuer and serial number.</summary>
    public bool Name(X509Certificate2 certificate)
    {
        try
        {
            var named = false;
            foreach (var type in new[] { SigningCertificate, SigningCertificateV2 })
            {
                if (_values.TryGetValue(type, out var value))
                {
                    named = IsFirst(value, certificate, type == SigningCertificate);
                    if (!named)
                    {
                        return false;
                    }
                }
            }

            return named;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool IsFirst(ReadOnlyMemory<byte> value, X509Certificate2 certificate, bool isOlder)
    {
        var first = new AsnReader(value, AsnEncodingRules.DER).ReadSequence().ReadSequence().ReadSequence();
        var algorithm = isOlder ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;
        if (!isOlder && first.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            if (!TimestampDigest.TryFind(first.ReadSequence().ReadObjectIdentifier(), out var digest))
            {
                return false;
            }

            algorithm = digest.Name;
        }

        if (!first.ReadOctetString().AsSpan().SequenceEqual(certificate.GetCertHash(algorithm)))
        {
            return false;
        }

        if (!first.HasData)
        {
            return true;
        }

        var issuerSerial = first.ReadSequence();
        var names = issuerSerial.ReadSequence();
        var issuer = names.ReadSequence(DirectoryName).ReadEncodedValue();
        return !names.HasData && issuer.Span.SequenceEqual(certificate.IssuerName.RawData)
            && issuerSerial.ReadIntegerBytes().Span.SequenceEqual(certificate.SerialNumberBytes.Span);
    }
}
