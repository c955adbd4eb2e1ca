using System.Formats.Cbor;

namespace Cairn.Evidence.Statements;

/// <summary>
/// A statement's protected header (docs/spec/statements.md §3): algorithm, content type, the issuer's key in one of
/// three ways, and the CWT claims (RFC 9597) that SCITT asks for.
/// </summary>
internal sealed record StatementHeader(
    StatementAlgorithm Algorithm, SpiffeId Issuer, StreamId Stream,
    IReadOnlyList<ReadOnlyMemory<byte>> X5Chain, Digest? X5t, ReadOnlyMemory<byte>? KeyId)
{
    public const string ContentType = "application/vnd.cairn.statement+cbor";
    public const int MaxChain = 8;

    private const int AlgLabel = 1, ContentTypeLabel = 3, KidLabel = 4, CwtClaimsLabel = 15, X5ChainLabel = 33, X5tLabel = 34;
    private const int Iss = 1, Sub = 2;
    private const int Sha256 = -16;

    public byte[] Encode()
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(4);
        writer.WriteInt32(AlgLabel);
        writer.WriteInt32((int)Algorithm);
        writer.WriteInt32(ContentTypeLabel);
        writer.WriteTextString(ContentType);
        if (KeyId is { } kid)
        {
            writer.WriteInt32(KidLabel);
            writer.WriteByteString(kid.Span);
        }

        writer.WriteInt32(CwtClaimsLabel);
        writer.WriteStartMap(2);
        writer.WriteInt32(Iss);
        writer.WriteTextString(Issuer.ToString());
        writer.WriteInt32(Sub);
        writer.WriteTextString(Stream.ToString());
        writer.WriteEndMap();
        if (X5Chain.Count > 0)
        {
            writer.WriteInt32(X5ChainLabel);
            WriteChain(writer);
        }
        else if (X5t is { } thumbprint)
        {
            writer.WriteInt32(X5tLabel);
            writer.WriteStartArray(2);
            writer.WriteInt32(Sha256);
            writer.WriteByteString(thumbprint.ToArray());
            writer.WriteEndArray();
        }

        writer.WriteEndMap();
        return writer.Encode();
    }

    public static StatementHeader Decode(ReadOnlyMemory<byte> bytes)
    {
        var cbor = new DeterministicCbor(bytes, "statement protected header");
        var pairs = cbor.ReadMap("header");
        StatementAlgorithm? algorithm = null;
        var hasContentType = false;
        (SpiffeId Issuer, StreamId Stream)? claims = null;
        ReadOnlyMemory<byte>[] chain = [];
        Digest? thumbprint = null;
        ReadOnlyMemory<byte>? kid = null;
        long? previous = null;
        for (var i = 0; i < pairs; i++)
        {
            var start = cbor.At;
            var label = cbor.ReadKey(ref previous, "label");
            switch (label)
            {
                case AlgLabel:
                    algorithm = ReadAlgorithm(ref cbor);
                    break;
                case ContentTypeLabel:
                    var type = cbor.ReadText("content type");
                    hasContentType = type == ContentType ? true : throw cbor.Error(start, "content type", ContentType, $"\"{Hex.Excerpt(type)}\"");
                    break;
                case KidLabel:
                    kid = cbor.ReadBytes(Digest.Size, "kid");
                    break;
                case CwtClaimsLabel:
                    claims = ReadClaims(ref cbor);
                    break;
                case X5ChainLabel:
                    chain = ReadChain(ref cbor);
                    break;
                case X5tLabel:
                    thumbprint = ReadThumbprint(ref cbor);
                    break;
                default:
                    throw cbor.Error(start, "label", "one of 1, 3, 4, 15, 33 and 34", $"{label}");
            }
        }

        cbor.End();
        var named = (kid is null ? 0 : 1) + (chain.Length == 0 ? 0 : 1) + (thumbprint is null ? 0 : 1);
        return named != 1
            ? throw cbor.Error(0, "header", "exactly one of kid (4), x5chain (33) and x5t (34)", $"{named}")
            : new StatementHeader(
                algorithm ?? throw cbor.Error(0, "header", "alg (1)", "none"),
                hasContentType && claims is { } both ? both.Issuer : throw cbor.Error(0, "header", "content type (3) and CWT claims (15)", "not both"),
                claims.Value.Stream, chain, chain.Length > 0 ? Digest.Sha256(chain[0].Span) : thumbprint, kid);
    }

    private static StatementAlgorithm ReadAlgorithm(ref DeterministicCbor cbor)
    {
        var start = cbor.At;
        var number = cbor.ReadInteger("alg");
        return number is (int)StatementAlgorithm.ES256 or (int)StatementAlgorithm.EdDSA
            ? (StatementAlgorithm)number
            : throw cbor.Error(start, "alg", "-7 (ES256) or -8 (EdDSA)", $"{number}");
    }

    private static (SpiffeId, StreamId) ReadClaims(ref DeterministicCbor cbor)
    {
        var start = cbor.At;
        var pairs = cbor.ReadMap("CWT claims");
        if (pairs != 2)
        {
            throw cbor.Error(start, "CWT claims", "the two claims iss (1) and sub (2)", $"{pairs}");
        }

        long? previous = null;
        Expect(ref cbor, cbor.ReadKey(ref previous, "claim"), Iss);
        var issuer = SpiffeId.Parse(cbor.ReadText("iss"));
        Expect(ref cbor, cbor.ReadKey(ref previous, "claim"), Sub);
        return (issuer, StreamId.Parse(cbor.ReadText("sub")));
    }

    private static void Expect(ref DeterministicCbor cbor, long found, int claim)
    {
        if (found != claim)
        {
            throw cbor.Error(cbor.At, "CWT claims", $"claim {claim}", $"claim {found}");
        }
    }

    private static ReadOnlyMemory<byte>[] ReadChain(ref DeterministicCbor cbor)
    {
        if (cbor.IsNext(2))
        {
            return [ReadCertificate(ref cbor)];
        }

        var start = cbor.At;
        var count = cbor.ReadArray("x5chain");
        if (count is < 2 or > MaxChain)
        {
            throw cbor.Error(start, "x5chain", $"one byte string or an array of 2 to {MaxChain} (RFC 9360 §2)", $"an array of {count}");
        }

        var chain = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            chain[i] = ReadCertificate(ref cbor);
        }

        return chain;
    }

    private static ReadOnlyMemory<byte> ReadCertificate(ref DeterministicCbor cbor)
    {
        var start = cbor.At;
        var certificate = cbor.ReadBytes("x5chain certificate");
        return certificate.Length > 0 ? certificate : throw cbor.Error(start, "x5chain certificate", "a certificate", "no bytes");
    }

    private static Digest ReadThumbprint(ref DeterministicCbor cbor)
    {
        cbor.ReadArray(2, "x5t");
        var start = cbor.At;
        var hash = cbor.ReadInteger("x5t hash algorithm");
        return hash == Sha256
            ? new Digest(cbor.ReadBytes(Digest.Size, "x5t value").Span)
            : throw cbor.Error(start, "x5t hash algorithm", "-16 (SHA-256)", $"{hash}");
    }

    private void WriteChain(CborWriter writer)
    {
        if (X5Chain.Count == 1)
        {
            writer.WriteByteString(X5Chain[0].Span);
            return;
        }

        writer.WriteStartArray(X5Chain.Count);
        foreach (var certificate in X5Chain)
        {
            writer.WriteByteString(certificate.Span);
        }

        writer.WriteEndArray();
    }
}
