using System.Text.Json;

namespace Cairn.Evidence.Bundles;

/// <summary>A line of policies.jsonl: a policy bundle in its sealed form (docs/spec/bundle.md §14).</summary>
/// <param name="Digest">SHA-256 of the sealed form, by which records name it.</param>
/// <param name="Bytes">Its length in policies.bin.</param>
public sealed record BundledPolicy(Digest Digest, long Bytes)
{
    internal static BundledPolicy Parse(ReadOnlySpan<byte> utf8, long number)
    {
        var line = new BundleLine(utf8, BundleFiles.PolicyIndex, number);
        var (digest, bytes) = (line.ReadHex("digest"u8), line.ReadNumber("bytes"u8));
        if (digest.Length != Digest.Size)
        {
            throw line.Fault("a SHA-256", "other digits");
        }

        line.End();
        return new BundledPolicy(new Digest(digest), bytes);
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("digest"u8, Digest.ToString());
        writer.WriteNumber("bytes"u8, Bytes);
        writer.WriteEndObject();
    }
}
