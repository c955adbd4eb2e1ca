using System.Text.Json;

namespace Cairn.Evidence.Bundles;

/// <summary>A line of anchors.jsonl: a checkpoint of the ledger with independent times (docs/spec/timestamps.md §4).</summary>
/// <param name="Checkpoint">The signed note.</param>
/// <param name="Consistency">Path from its size to the bundle's checkpoint's.</param>
/// <param name="Tokens">RFC 3161 tokens over its text, in DER.</param>
public sealed record Anchor(ReadOnlyMemory<byte> Checkpoint, IReadOnlyList<Digest> Consistency, IReadOnlyList<ReadOnlyMemory<byte>> Tokens)
{
    internal static Anchor Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.Anchors, number);
        var anchor = new Anchor(line.ReadBase64("checkpoint"u8), line.ReadDigests("consistency"u8), line.ReadByteStrings("tokens"u8));
        line.End();
        return anchor;
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteBase64String("checkpoint"u8, Checkpoint.Span);
        BundleText.WriteDigests(writer, "consistency"u8, Consistency);
        writer.WriteStartArray("tokens"u8);
        foreach (var token in Tokens)
        {
            writer.WriteBase64StringValue(token.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
