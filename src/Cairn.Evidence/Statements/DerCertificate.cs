using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Evidence.Statements;

/// <summary>
/// Loads X.509 certificates from DER and nothing else. The platform's loader takes PEM as well, ignores bytes after the
/// certificate, and does not ask of its fields what RFC 5280 does.
/// </summary>
internal static class DerCertificate
{
    /// <exception cref="CryptographicException">The bytes are anything else.</exception>
    public static X509Certificate2 Load(ReadOnlySpan<byte> der)
    {
        var certificate = X509CertificateLoader.LoadCertificate(der);
        try
        {
            if (!certificate.RawDataMemory.Span.SequenceEqual(der))
            {
                throw new CryptographicException("the bytes hold a certificate in another encoding or more than it");
            }

            CheckForm(certificate.RawDataMemory);
            ReadExtensions(certificate);
            return certificate;
        }
        catch
        {
            certificate.Dispose();
            throw;
        }
    }

    private static void CheckForm(ReadOnlyMemory<byte> der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
            var signed = outer.ReadSequence();
            var version = signed.PeekTag().HasSameClassAndValue(Field(0)) ? signed.ReadSequence(Field(0)).ReadInteger() : 0;
            _ = signed.ReadInteger();

            // §4.1.1.2: what the signature covers names the same algorithm as what stands beside the signature.
            Require(signed.ReadEncodedValue().Span.SequenceEqual(outer.ReadEncodedValue().Span), "the certificate names two algorithms for its one signature");
            _ = signed.ReadSequence();
            var validity = signed.ReadSequence();
            ReadTime(validity);
            ReadTime(validity);
            validity.ThrowIfNotEmpty();
            while (signed.HasData)
            {
                if (!signed.PeekTag().HasSameClassAndValue(Field(3)))
                {
                    _ = signed.ReadEncodedValue();
                    continue;
                }

                // §4.1.2.1: what has extensions is of version 3, written as 2.
                Require(version == 2, "the certificate has extensions and another version than 3");
                CheckExtensions(signed.ReadSequence(Field(3)).ReadSequence());
            }
        }
        catch (AsnContentException error)
        {
            throw new CryptographicException("the bytes are not DER", error);
        }
    }

    /// <summary>§4.1.2.5: with seconds, without fractions, in UTC.</summary>
    private static void ReadTime(AsnReader validity)
    {
        var time = validity.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? validity.ReadUtcTime(2049) : validity.ReadGeneralizedTime();
        Require(time.Ticks % TimeSpan.TicksPerSecond == 0, "a time of the certificate has a fraction");
    }

    /// <summary>Reads the extensions that a path is judged by, which the platform puts off until they are asked, and takes in other forms too.</summary>
    private static void ReadExtensions(X509Certificate2 certificate)
    {
        try
        {
            foreach (var extension in certificate.Extensions)
            {
                var value = new AsnReader(extension.RawData, AsnEncodingRules.DER);
                switch (extension.Oid?.Value)
                {
                    case "2.5.29.15":
                        _ = value.ReadBitString(out _);
                        value.ThrowIfNotEmpty();
                        break;
                    case "2.5.29.19":
                        ReadConstraints(value.ReadSequence());
                        value.ThrowIfNotEmpty();
                        break;
                    case "2.5.29.37":
                        for (var purposes = value.ReadSequence(); purposes.HasData;)
                        {
                            _ = purposes.ReadObjectIdentifier();
                        }

                        value.ThrowIfNotEmpty();
                        break;
                    default:
                        break;
                }
            }
        }
        catch (AsnContentException error)
        {
            throw new CryptographicException("an extension is not DER of its form", error);
        }

        _ = SvidChain.UriNames(certificate);
    }

    private static void ReadConstraints(AsnReader constraints)
    {
        if (constraints.HasData && constraints.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
        {
            _ = constraints.ReadBoolean();
        }

        if (constraints.HasData)
        {
            Require(constraints.ReadInteger() >= 0, "basic constraints have a length below zero");
        }

        constraints.ThrowIfNotEmpty();
    }

    /// <summary>X.690 §11.5: an extension that is not critical does not say so. §4.2: none is there twice.</summary>
    private static void CheckExtensions(AsnReader extensions)
    {
        var seen = new HashSet<string>();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            Require(seen.Add(extension.ReadObjectIdentifier()), "the certificate has an extension twice");
            Require(!extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) || extension.ReadBoolean(), "an extension says that it is not critical");
            _ = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
        }
    }

    private static Asn1Tag Field(int number) => new(TagClass.ContextSpecific, number, isConstructed: true);

    private static void Require(bool holds, string found)
    {
        if (!holds)
        {
            throw new CryptographicException(found);
        }
    }
}
