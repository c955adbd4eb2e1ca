using System.Text.Json;

namespace Cairn.Evidence.Bundles;

/// <summary>A line of trust.jsonl: a statement that holds changes of trust bundles, whatever trail they are of, with its proof (docs/spec/bundle.md §10).</summary>
/// <param name="Index">The statement's index in the ledger.</param>
/// <param name="Statement">The signed statement.</param>
/// <param name="Positions">Positions of the records that are here, ascending; null for all.</param>
/// <param name="Records">Those records, byte for byte.</param>
/// <param name="Siblings">Leaf hashes of the records that are not here, by position.</param>
/// <param name="Path">Inclusion path of the statement in the checkpoint's tree, from leaf to root.</param>
public sealed record TrustEvidence(
    long Index, ReadOnlyMemory<byte> Statement, IReadOnlyList<int>? Positions, IReadOnlyList<ReadOnlyMemory<byte>> Records, IReadOnlyList<Digest> Siblings, IReadOnlyList<Digest> Path)
{
    internal static TrustEvidence Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.Trust, number);
        var evidence = Read(ref line);
        line.End();
        return evidence;
    }

    /// <summary>Reads the members of a line that holds such evidence, up to its last.</summary>
    internal static TrustEvidence Read(ref BundleLine line)
    {
        var (index, statement, positions) = (line.ReadNumber("index"u8), line.ReadBase64("statement"u8), line.ReadPositions("records"u8));
        var (records, siblings, path) = (line.ReadByteStrings("bodies"u8), line.ReadDigests("siblings"u8), line.ReadDigests("path"u8));
        return new TrustEvidence(index, statement, positions, records, siblings, path);
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteMembersTo(writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes the members that <see cref="Read"/> reads.</summary>
    internal void WriteMembersTo(Utf8JsonWriter writer)
    {
        writer.WriteNumber("index"u8, Index);
        writer.WriteBase64String("statement"u8, Statement.Span);
        if (Positions is null)
        {
            writer.WriteString("records"u8, "all"u8);
        }
        else
        {
            writer.WriteStartArray("records"u8);
            foreach (var position in Positions)
            {
                writer.WriteNumberValue(position);
            }

            writer.WriteEndArray();
        }

        writer.WriteStartArray("bodies"u8);
        foreach (var record in Records)
        {
            writer.WriteBase64StringValue(record.Span);
        }

        writer.WriteEndArray();
        BundleText.WriteDigests(writer, "siblings"u8, Siblings);
        BundleText.WriteDigests(writer, "path"u8, Path);
    }
}
