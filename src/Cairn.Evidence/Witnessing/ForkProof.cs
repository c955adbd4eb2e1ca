using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tiles;

namespace Cairn.Evidence.Witnessing;

/// <summary>
/// Two signed checkpoints of one log of which neither extends the other, and what it takes to see it without either tree
/// (docs/spec/witnessing.md §6). Anyone who has the log's keys can judge it: nobody else could have made it.
/// </summary>
/// <param name="Older">The checkpoint of the smaller size; of two of one size, either.</param>
/// <param name="Newer">The other one.</param>
/// <param name="Prefix">
/// A prefix path: it leads to the newer root, and to the root that the newer tree has over the older size. Empty for two
/// checkpoints of one size.
/// </param>
public sealed record ForkProof(SignedNote Older, SignedNote Newer, IReadOnlyList<Digest> Prefix)
{
    /// <summary>The largest proof that is read, in bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const string Format = "cairn-fork-proof/1";

    /// <summary>Makes the proof from a newer checkpoint and the tiles that it was served with; null when it does extend the older.</summary>
    /// <param name="older">A signed checkpoint.</param>
    /// <param name="newer">One of the same size or larger.</param>
    /// <param name="newerTree">Tiles that lead to the newer root; not read for checkpoints of one size.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="EvidenceFormatException">A note is no checkpoint, or the tiles do not lead to the newer root: they prove nothing.</exception>
    public static async Task<ForkProof?> FindAsync(SignedNote older, SignedNote newer, TileTree newerTree, CancellationToken cancellationToken)
    {
        var (first, second) = (Checkpoint.Of(older).Head, Checkpoint.Of(newer).Head);
        if (first.Size == second.Size)
        {
            return first.Root == second.Root ? null : new ForkProof(older, newer, []);
        }

        if (first.Size == 0)
        {
            return null;
        }

        var path = await newerTree.ConsistencyPathAsync(first.Size, second.Size, cancellationToken);
        if (ConsistencyProof.IsPowerOfTwo(first.Size))
        {
            path = [await newerTree.PrefixRootAsync(first.Size, second.Size, cancellationToken), .. path];
        }

        return ConsistencyProof.PrefixRoots(first.Size, second.Size, path) is { } roots && roots.Newer == second.Root
            ? roots.Older == first.Root ? null : new ForkProof(older, newer, path)
            : throw new EvidenceFormatException($"the tiles do not lead to the signed root {second.Root} of the tree of {second.Size}");
    }

    /// <summary>
    /// The proof in a consistency path that a log itself sent with its newer checkpoint, where the path leads to the newer root
    /// but not to the older; null when it does not show that much.
    /// </summary>
    public static ForkProof? FromRefused(SignedNote older, SignedNote newer, IReadOnlyList<Digest> path)
    {
        var (first, second) = (Checkpoint.Of(older).Head, Checkpoint.Of(newer).Head);
        if (first.Size == second.Size)
        {
            return first.Root == second.Root ? null : new ForkProof(older, newer, []);
        }

        return ConsistencyProof.PrefixRoots(first.Size, second.Size, [.. path]) is { } roots && roots.Newer == second.Root && roots.Older != first.Root
            ? new ForkProof(older, newer, path)
            : null;
    }

    /// <summary>Parses a proof's file.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a fork proof; the message names the member.</exception>
    public static ForkProof Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"fork proof: at most {MaxBytes} bytes are read, found {bytes.Length}");
        }

        try
        {
            using var json = JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false });
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || root.EnumerateObject().Any(member => member.Name is not ("format" or "older" or "newer" or "prefix")))
            {
                throw new EvidenceFormatException("fork proof: expected an object with format, older, newer and prefix, and nothing else");
            }

            if (Text(root, "format") is var format && format != Format)
            {
                throw new EvidenceFormatException($"fork proof: format should be \"{Format}\", found \"{Hex.Excerpt(format)}\"");
            }

            if (!root.TryGetProperty("prefix", out var prefix) || prefix.ValueKind != JsonValueKind.Array || prefix.GetArrayLength() > 64)
            {
                throw new EvidenceFormatException("fork proof: prefix should be an array of at most 64 hashes");
            }

            return new ForkProof(
                SignedNote.Parse(Encoding.UTF8.GetBytes(Text(root, "older"))),
                SignedNote.Parse(Encoding.UTF8.GetBytes(Text(root, "newer"))),
                [.. prefix.EnumerateArray().Select((hash, i) => hash.ValueKind == JsonValueKind.String
                    ? CanonicalBase64.DecodeDigest(hash.GetString()!, $"fork proof: prefix[{i}]")
                    : throw new EvidenceFormatException($"fork proof: prefix[{i}] should be a text"))]);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw new EvidenceFormatException($"fork proof: not JSON of UTF-8: {problem.Message}", problem);
        }
    }

    /// <summary>The proof's file: JSON, with the two notes as texts.</summary>
    public byte[] Encode()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("older", Older.Encode());
            json.WriteString("newer", Newer.Encode());
            json.WriteStartArray("prefix");
            foreach (var hash in Prefix)
            {
                json.WriteStringValue(hash.ToBase64());
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return [.. bytes.ToArray(), (byte)'\n'];
    }

    private static string Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()!
            : throw new EvidenceFormatException($"fork proof: {name} should be a text");
}
