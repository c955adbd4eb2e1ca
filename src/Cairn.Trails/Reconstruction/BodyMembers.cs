using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Trails;

/// <summary>Reads members of a record's own member. A member that is absent, or of another type, is none: verification names it, reconstruction goes on.</summary>
internal static class BodyMembers
{
    public static string? Text(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A member of any type as it is shown to people.</summary>
    public static string? Raw(this JsonElement body, string name) => body.TryGetProperty(name, out var value) ? value.ToString() : null;

    public static bool? Flag(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    public static long? Number(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    public static IReadOnlyList<string> Texts(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)]
            : [];

    public static RecordId? RecordId(this JsonElement body, string name) => Evidence.RecordId.TryParse(body.Text(name), out var id) ? id : null;

    public static DateTimeOffset? Time(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time : null;
}
