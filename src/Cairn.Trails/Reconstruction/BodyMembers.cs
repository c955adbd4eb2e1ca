using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>Reads members of a record's own member. A member that is absent, or of another type, is none: verification names it, reconstruction goes on.</summary>
internal static class BodyMembers
{
    /// <summary>The record's own member, parsed anew: a trail has too many records to keep them all parsed.</summary>
    public static JsonElement ReadBody(this Record record) => JsonElement.Parse(record.BodyBytes.Span);

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

    public static SpanId? Span(this JsonElement body, string name) => SpanId.TryParse(body.Text(name), out var span) ? span : null;

    /// <summary>A member that is an object.</summary>
    public static JsonElement? Object(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    /// <summary>The objects of a member that is an array.</summary>
    public static IEnumerable<JsonElement> Objects(this JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object)
            : [];

    public static TargetVersion? Version(this JsonElement body, string name) =>
        body.Object(name) is { } version && version.Text("kind") is { } kind && version.Text("value") is { } value ? new TargetVersion(kind, value) : null;
}
