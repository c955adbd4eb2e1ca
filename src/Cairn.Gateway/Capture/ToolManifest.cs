using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Gateway.Capture;

/// <summary>A tool as the server listed it.</summary>
/// <param name="Name">Its name, at most 256 characters.</param>
/// <param name="Digest">SHA-256 of the bytes of the tool's JSON object exactly as the server sent them.</param>
/// <param name="ReadOnly">The annotation <c>readOnlyHint</c>; null when absent.</param>
/// <param name="Destructive">The annotation <c>destructiveHint</c>; null when absent.</param>
internal sealed record ListedTool(string Name, Digest Digest, bool? ReadOnly, bool? Destructive)
{
    /// <summary>The bytes of its JSON object; empty where they are not to be kept.</summary>
    public ReadOnlyMemory<byte> Definition { get; init; }

    /// <summary>
    /// Whether a call writes, as far as the annotations tell (MCP schema, ToolAnnotations: destructiveHint has a meaning
    /// only where readOnlyHint is not true); null when they say nothing.
    /// </summary>
    public bool? Writes => ReadOnly is { } readOnly ? !readOnly : Destructive is true ? true : null;

    /// <summary>Reads the tools of one page of <c>tools/list</c>.</summary>
    /// <param name="array">The bytes of <c>result.tools</c>.</param>
    /// <param name="keepsDefinitions">Whether each tool's bytes are copied.</param>
    public static List<ListedTool> Parse(ReadOnlyMemory<byte> array, bool keepsDefinitions = false)
    {
        using var document = JsonDocument.Parse(array, new JsonDocumentOptions { MaxDepth = Messages.MessageScanner.MaxDepth });
        var tools = new List<ListedTool>();
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            return tools;
        }

        foreach (var tool in document.RootElement.EnumerateArray())
        {
            if (tool.ValueKind == JsonValueKind.Object)
            {
                var annotations = tool.TryGetProperty("annotations", out var a) && a.ValueKind == JsonValueKind.Object ? a : default;
                tools.Add(new ListedTool(
                    NameOf(tool), Digest.Sha256(JsonMarshal.GetRawUtf8Value(tool)), Flag(annotations, "readOnlyHint"), Flag(annotations, "destructiveHint"))
                {
                    Definition = keepsDefinitions ? JsonMarshal.GetRawUtf8Value(tool).ToArray() : default,
                });
            }
        }

        return tools;
    }

    private static string NameOf(JsonElement tool)
    {
        try
        {
            return tool.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
                ? ResourceNames.Bounded(name.GetString()!, 256)
                : "";
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: no text that a record could hold. The digest still stands for the tool.
            return "";
        }
    }

    private static bool? Flag(JsonElement annotations, string name) =>
        annotations.ValueKind == JsonValueKind.Object && annotations.TryGetProperty(name, out var flag)
            ? flag.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
            : null;
}

/// <summary>All tools of a server at one time.</summary>
/// <param name="Tools">The tools in the order of the listing.</param>
/// <param name="Digest">SHA-256 over the concatenated 32-byte tool digests, sorted bytewise: the order of a listing does not count.</param>
internal sealed record ToolManifest(IReadOnlyList<ListedTool> Tools, Digest Digest)
{
    public static ToolManifest Of(IReadOnlyList<ListedTool> tools)
    {
        var digests = tools.Select(t => t.Digest.ToArray()).ToList();
        digests.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var digest in digests)
        {
            hash.AppendData(digest);
        }

        return new ToolManifest(tools, new Digest(hash.GetHashAndReset()));
    }
}

/// <summary>What is different in a manifest that replaced another.</summary>
/// <param name="Added">Names that are new.</param>
/// <param name="Removed">Names that are gone.</param>
/// <param name="Changed">Names whose tool has another digest.</param>
internal sealed record ManifestChange(IReadOnlyList<string> Added, IReadOnlyList<string> Removed, IReadOnlyList<string> Changed)
{
    public static ManifestChange Between(ToolManifest older, ToolManifest newer)
    {
        var before = ByName(older);
        var after = ByName(newer);
        return new ManifestChange(
            [.. after.Keys.Where(n => !before.ContainsKey(n)).Order(StringComparer.Ordinal)],
            [.. before.Keys.Where(n => !after.ContainsKey(n)).Order(StringComparer.Ordinal)],
            [.. after.Keys.Where(n => before.TryGetValue(n, out var digests) && !digests.SequenceEqual(after[n])).Order(StringComparer.Ordinal)]);
    }

    private static Dictionary<string, List<Digest>> ByName(ToolManifest manifest) =>
        manifest.Tools.GroupBy(t => t.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Select(t => t.Digest).ToList(), StringComparer.Ordinal);
}
