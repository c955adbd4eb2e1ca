using System.Text.Json;

namespace Cairn.Evidence.Bundles;

/// <summary>A line of keys.jsonl: a succession of the log's keys, with its proof (docs/spec/bundle.md §13).</summary>
/// <param name="Checkpoint">The succession checkpoint, with the signatures of old and new keys and no others.</param>
/// <param name="Consistency">Path from its size to the bundle's checkpoint's.</param>
/// <param name="Statement">The operator's statement that retires the old keys, its record, and its place in the bundle's checkpoint's tree.</param>
public sealed record SuccessionEvidence(ReadOnlyMemory<byte> Checkpoint, IReadOnlyList<Digest> Consistency, TrustEvidence Statement)
{
    internal static SuccessionEvidence Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.Keys, number);
        var (checkpoint, consistency) = (line.ReadBase64("checkpoint"u8), line.ReadDigests("consistency"u8));
        var evidence = new SuccessionEvidence(checkpoint, consistency, TrustEvidence.Read(ref line));
        line.End();
        return evidence;
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteBase64String("checkpoint"u8, Checkpoint.Span);
        BundleText.WriteDigests(writer, "consistency"u8, Consistency);
        Statement.WriteMembersTo(writer);
        writer.WriteEndObject();
    }
}
