using System.Formats.Cbor;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Receipts;

/// <summary>
/// A COSE Receipt's protected header (docs/spec/receipts.md §4.1): algorithm, key, verifiable data structure, and the CWT
/// claims (RFC 9597) that name the log and what the receipt is about. What a receipt need not have is null.
/// </summary>
internal sealed record ReceiptHeader(ReceiptAlgorithm Algorithm, ReadOnlyMemory<byte>? KeyId, string? Issuer, string? Subject)
{
    private const int AlgLabel = 1, KidLabel = 4, CwtClaimsLabel = 15, VdsLabel = 395;
    private const int Iss = 1, Sub = 2;
    private const int Rfc9162Sha256 = 1;

    public byte[] Encode()
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(2 + (KeyId is null ? 0 : 1) + (Issuer is null && Subject is null ? 0 : 1));
        writer.WriteInt32(AlgLabel);
        writer.WriteInt32((int)Algorithm);
        if (KeyId is { } kid)
        {
            writer.WriteInt32(KidLabel);
            writer.WriteByteString(kid.Span);
        }

        if (Issuer is not null || Subject is not null)
        {
            writer.WriteInt32(CwtClaimsLabel);
            writer.WriteStartMap((Issuer is null ? 0 : 1) + (Subject is null ? 0 : 1));
            Claim(writer, Iss, Issuer);
            Claim(writer, Sub, Subject);
            writer.WriteEndMap();
        }

        writer.WriteInt32(VdsLabel);
        writer.WriteInt32(Rfc9162Sha256);
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <exception cref="EvidenceFormatException">A label is unknown, twice there or missing, or the structure is another.</exception>
    public static ReceiptHeader Decode(ReadOnlyMemory<byte> bytes)
    {
        var cbor = new DeterministicCbor(bytes, "receipt protected header");
        ReceiptAlgorithm? algorithm = null;
        ReadOnlyMemory<byte>? kid = null;
        (string?, string?) claims = (null, null);
        var hasStructure = false;
        var seen = new UniqueKeys();
        for (var pairs = cbor.ReadMap("header"); pairs > 0; pairs--)
        {
            var start = cbor.At;
            var label = seen.Read(ref cbor, "label");
            switch (label)
            {
                case AlgLabel:
                    var number = cbor.ReadInteger("alg");
                    algorithm = number is (int)ReceiptAlgorithm.ES256 or (int)ReceiptAlgorithm.EdDSA or (int)ReceiptAlgorithm.MlDsa44
                        ? (ReceiptAlgorithm)number
                        : throw cbor.Error(start, "alg", "-7 (ES256), -8 (EdDSA) or -48 (ML-DSA-44)", $"{number}");
                    break;
                case KidLabel:
                    kid = cbor.ReadBytes("kid");
                    break;
                case CwtClaimsLabel:
                    claims = ReadClaims(ref cbor);
                    break;
                case VdsLabel:
                    var structure = cbor.ReadInteger("vds");
                    hasStructure = structure == Rfc9162Sha256 ? true : throw cbor.Error(start, "vds", "1 (RFC9162_SHA256)", $"{structure}");
                    break;
                default:
                    throw cbor.Error(start, "label", "one of 1, 4, 15 and 395", $"{label}");
            }
        }

        cbor.End();
        return new ReceiptHeader(
            algorithm ?? throw cbor.Error(0, "header", "alg (1)", "none"), kid,
            hasStructure ? claims.Item1 : throw cbor.Error(0, "header", "vds (395)", "none"), claims.Item2);
    }

    private static (string? Issuer, string? Subject) ReadClaims(ref DeterministicCbor cbor)
    {
        string? issuer = null, subject = null;
        var seen = new UniqueKeys();
        for (var pairs = cbor.ReadMap("CWT claims"); pairs > 0; pairs--)
        {
            var start = cbor.At;
            switch (seen.Read(ref cbor, "claim"))
            {
                case Iss:
                    issuer = cbor.ReadText("iss");
                    break;
                case Sub:
                    subject = cbor.ReadText("sub");
                    break;
                case var claim:
                    throw cbor.Error(start, "CWT claims", "iss (1) and sub (2)", $"claim {claim}");
            }
        }

        return (issuer, subject);
    }

    private static void Claim(CborWriter writer, int name, string? value)
    {
        if (value is not null)
        {
            writer.WriteInt32(name);
            writer.WriteTextString(value);
        }
    }
}
