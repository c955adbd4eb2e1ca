using System.Text;
using System.Text.Json;

namespace Cairn.Trails.Replay.World;

/// <summary>A place at which two JSON values differ.</summary>
/// <param name="Place">JSON Pointer (RFC 6901); empty: the whole value.</param>
/// <param name="Recorded">The value recorded, as JSON, shortened; null: none.</param>
/// <param name="Found">The value found; null: none.</param>
public sealed record JsonDifference(string Place, string? Recorded, string? Found);

/// <summary>Compares JSON by meaning: the order of members, white space and the notation of numbers do not count.</summary>
internal static class JsonPointers
{
    private const int Longest = 200;
    private const int Most = 50;

    /// <summary>Parses a value; no bytes are an absent one.</summary>
    public static JsonElement Parse(ReadOnlyMemory<byte> json, bool withoutMeta)
    {
        if (json.IsEmpty)
        {
            return default;
        }

        var value = JsonElement.Parse(json.Span);
        return withoutMeta && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("_meta", out _)
            ? JsonSerializer.SerializeToElement(value.EnumerateObject().Where(member => member.Name != "_meta").ToDictionary(member => member.Name, member => member.Value))
            : value;
    }

    /// <summary>Whether both are the same value, or both are absent.</summary>
    public static bool AreEqual(JsonElement left, JsonElement right) =>
        left.ValueKind == JsonValueKind.Undefined || right.ValueKind == JsonValueKind.Undefined ? left.ValueKind == right.ValueKind : JsonElement.DeepEquals(left, right);

    /// <summary>Where they differ, in the order of the recorded value's members and then of the found one's; at most 50 places.</summary>
    public static IReadOnlyList<JsonDifference> Differences(JsonElement recorded, JsonElement found)
    {
        var differences = new List<JsonDifference>();
        Compare(recorded, found, "", differences);
        return differences;
    }

    private static void Compare(JsonElement recorded, JsonElement found, string pointer, List<JsonDifference> differences)
    {
        if (differences.Count == Most || AreEqual(recorded, found))
        {
            return;
        }

        if (recorded.ValueKind == JsonValueKind.Object && found.ValueKind == JsonValueKind.Object)
        {
            foreach (var name in recorded.EnumerateObject().Concat(found.EnumerateObject()).Select(member => member.Name).Distinct(StringComparer.Ordinal))
            {
                Compare(Member(recorded, name), Member(found, name), $"{pointer}/{Escaped(name)}", differences);
            }
        }
        else if (recorded.ValueKind == JsonValueKind.Array && found.ValueKind == JsonValueKind.Array)
        {
            var (left, right) = (recorded.GetArrayLength(), found.GetArrayLength());
            for (var i = 0; i < Math.Max(left, right); i++)
            {
                Compare(i < left ? recorded[i] : default, i < right ? found[i] : default, $"{pointer}/{i}", differences);
            }
        }
        else
        {
            differences.Add(new JsonDifference(pointer, Shown(recorded), Shown(found)));
        }
    }

    private static JsonElement Member(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) ? value : default;

    private static string Escaped(string name) => new StringBuilder(name).Replace("~", "~0").Replace("/", "~1").ToString();

    private static string? Shown(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }

        var text = value.GetRawText();
        return text.Length <= Longest ? text : text[..(Longest - 1)] + "…";
    }
}
