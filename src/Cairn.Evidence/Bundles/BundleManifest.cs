using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Bundles;

/// <summary>A file of the bundle: its size and SHA-256, uncompressed.</summary>
public sealed record BundleFile(string Name, long Bytes, Digest Sha256);

/// <summary>How much a bundle holds.</summary>
public sealed record BundleCounts(long Statements, long Records, long Heads, long Certificates, long Contents);

/// <summary>
/// What a bundle says of itself (docs/spec/bundle.md §4). It is signed by nobody: it only helps to name what was
/// altered. Nothing is proven by it, and all that it says is compared with what is found.
/// </summary>
public sealed record BundleManifest(TraceId Trace, string Origin, DateTimeOffset Created, BundleCounts Counts, IReadOnlyList<BundleFile> Files)
{
    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The manifest's bytes: JSON with two spaces of indentation and members in a fixed order, ended by a newline.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = RecordTextEncoder.Instance }))
        {
            writer.WriteStartObject();
            writer.WriteString("format", BundleFiles.Format);
            writer.WriteString("trace", Trace.ToString());
            writer.WriteString("origin", Origin);
            writer.WriteString("created", Created.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture));
            writer.WriteStartObject("counts");
            writer.WriteNumber("statements", Counts.Statements);
            writer.WriteNumber("records", Counts.Records);
            writer.WriteNumber("heads", Counts.Heads);
            writer.WriteNumber("certificates", Counts.Certificates);
            writer.WriteNumber("contents", Counts.Contents);
            writer.WriteEndObject();
            writer.WriteStartArray("files");
            foreach (var file in Files)
            {
                writer.WriteStartObject();
                writer.WriteString("name", file.Name);
                writer.WriteNumber("bytes", file.Bytes);
                writer.WriteString("sha256", file.Sha256.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a manifest; only the bytes that <see cref="Encode"/> writes are one.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are anything else.</exception>
    public static BundleManifest Parse(ReadOnlySpan<byte> utf8)
    {
        BundleManifest manifest;
        try
        {
            using var document = JsonDocument.Parse(utf8.ToArray());
            var root = document.RootElement;
            if (root.GetProperty("format").GetString() is var format && format != BundleFiles.Format)
            {
                throw new EvidenceFormatException($"manifest, format: expected {BundleFiles.Format}, found {Hex.Excerpt(format)}");
            }

            var counts = root.GetProperty("counts");
            manifest = new BundleManifest(
                TraceId.Parse(Text(root, "trace")),
                Text(root, "origin"),
                DateTimeOffset.ParseExact(Text(root, "created"), TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
                new BundleCounts(Number(counts, "statements"), Number(counts, "records"), Number(counts, "heads"), Number(counts, "certificates"), Number(counts, "contents")),
                [.. root.GetProperty("files").EnumerateArray().Select(file => new BundleFile(Text(file, "name"), Number(file, "bytes"), Digest.ParseHex(Text(file, "sha256"))))]);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException and not EvidenceFormatException)
        {
            throw new EvidenceFormatException($"manifest: expected the members of docs/spec/bundle.md §4, found other JSON ({error.Message})", error);
        }

        return manifest.Encode().AsSpan().SequenceEqual(utf8)
            ? manifest
            : throw new EvidenceFormatException($"manifest: expected exactly the members and the layout of docs/spec/bundle.md §4, found others around \"{Difference(manifest.Encode(), utf8)}\"");
    }

    private static string Text(JsonElement parent, string name) => parent.GetProperty(name).GetString() ?? "";

    private static long Number(JsonElement parent, string name) => parent.GetProperty(name).GetInt64() is var number and >= 0 and <= IJson.MaxSafeInteger
        ? number
        : throw new EvidenceFormatException($"manifest, {name}: expected a number from 0 to 2^53 - 1");

    private static string Difference(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> found)
    {
        var at = Math.Max(0, expected.CommonPrefixLength(found) - 10);
        return Hex.Excerpt(Encoding.UTF8.GetString(found[at..Math.Min(found.Length, at + 40)]));
    }
}
