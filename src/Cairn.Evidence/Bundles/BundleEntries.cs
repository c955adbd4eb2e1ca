using System.Text.Json;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Bundles;

/// <summary>A line of proofs.jsonl: where a statement stands, and which of its records are in the bundle (docs/spec/bundle.md §6).</summary>
/// <param name="Index">The statement's index in the ledger.</param>
/// <param name="Records">Positions of the records that are here, ascending; null for all.</param>
/// <param name="Siblings">Leaf hashes of the records that are not here, by position.</param>
/// <param name="Path">Inclusion path of the statement in the checkpoint's tree, from leaf to root.</param>
/// <param name="Hints">The first four bytes of each present record's leaf hash: unproven, only to find the altered one.</param>
public sealed record StatementProof(long Index, IReadOnlyList<int>? Records, IReadOnlyList<Digest> Siblings, IReadOnlyList<Digest> Path, ReadOnlyMemory<byte> Hints)
{
    internal static StatementProof Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.Proofs, number);
        var proof = new StatementProof(
            line.ReadNumber("index"u8), line.ReadPositions("records"u8), line.ReadDigests("siblings"u8), line.ReadDigests("path"u8), line.ReadHex("hints"u8));
        line.End();
        return proof;
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, Index);
        if (Records is null)
        {
            writer.WriteString("records"u8, "all"u8);
        }
        else
        {
            writer.WriteStartArray("records"u8);
            foreach (var position in Records)
            {
                writer.WriteNumberValue(position);
            }

            writer.WriteEndArray();
        }

        BundleText.WriteDigests(writer, "siblings"u8, Siblings);
        BundleText.WriteDigests(writer, "path"u8, Path);
        writer.WriteString("hints"u8, Convert.ToHexStringLower(Hints.Span));
        writer.WriteEndObject();
    }
}

/// <summary>A line of heads.jsonl: a tree head that a statement names, and the proof that the checkpoint extends it (docs/spec/bundle.md §7).</summary>
public sealed record HeadProof(TreeHead Head, IReadOnlyList<Digest> Consistency)
{
    internal static HeadProof Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.Heads, number);
        var proof = new HeadProof(new TreeHead(line.ReadNumber("size"u8), line.ReadBase64Digest("root"u8)), line.ReadDigests("consistency"u8));
        line.End();
        return proof;
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("size"u8, Head.Size);
        writer.WriteString("root"u8, Head.Root.ToBase64());
        BundleText.WriteDigests(writer, "consistency"u8, Consistency);
        writer.WriteEndObject();
    }
}

/// <summary>A line of certificates.jsonl: the chain that statements name by its leaf's SHA-256 (docs/spec/bundle.md §8).</summary>
public sealed record CertificateChain(Digest X5t, IReadOnlyList<ReadOnlyMemory<byte>> Chain)
{
    internal static CertificateChain Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.Certificates, number);
        var thumbprint = line.ReadHex("x5t"u8);
        var chain = line.ReadByteStrings("chain"u8);
        if (thumbprint.Length != Digest.Size || chain.Count == 0)
        {
            throw line.Fault("a SHA-256 and certificates", "other values");
        }

        line.End();
        return new CertificateChain(new Digest(thumbprint), chain);
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("x5t"u8, X5t.ToString());
        writer.WriteStartArray("chain"u8);
        foreach (var certificate in Chain)
        {
            writer.WriteBase64StringValue(certificate.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

/// <summary>A line of content.jsonl: a disclosed content and the key of its commitment (docs/spec/bundle.md §9).</summary>
/// <param name="Record">The record that commits to it.</param>
/// <param name="Member">The member of the kind's own object that holds the commitment.</param>
/// <param name="Key">The commitment key, 32 bytes: it opens this commitment and no other.</param>
/// <param name="Bytes">The content's length in content.bin.</param>
public sealed record DisclosedContent(RecordId Record, string Member, ReadOnlyMemory<byte> Key, long Bytes)
{
    internal static DisclosedContent Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.ContentIndex, number);
        var (record, member, key, bytes) = (line.ReadText("record"u8), line.ReadText("member"u8), line.ReadHex("key"u8), line.ReadNumber("bytes"u8));
        if (!RecordId.TryParse(record, out var id) || key.Length != Digest.Size)
        {
            throw line.Fault("a record id and a key of 32 bytes", "other values");
        }

        line.End();
        return new DisclosedContent(id, member, key, bytes);
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("record"u8, Record.ToString());
        writer.WriteString("member"u8, Member);
        writer.WriteString("key"u8, Convert.ToHexStringLower(Key.Span));
        writer.WriteNumber("bytes"u8, Bytes);
        writer.WriteEndObject();
    }
}

/// <summary>How bundles write their JSON lines.</summary>
internal static class BundleText
{
    public static void WriteDigests(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<Digest> digests)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        writer.WriteStartArray(name);
        foreach (var digest in digests)
        {
            digest.CopyTo(bytes);
            writer.WriteBase64StringValue(bytes);
        }

        writer.WriteEndArray();
    }
}
