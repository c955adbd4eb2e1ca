using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>Names a Cedar entity: <c>Tool::"filesystem/write_file"</c>.</summary>
internal readonly record struct EntityUid(string Type, string Id)
{
    /// <summary>Reads <c>{"type":…,"id":…}</c>, bare or within <c>__entity</c>; null when it is neither.</summary>
    public static EntityUid? Read(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("__entity", out var inner))
        {
            value = inner;
        }

        return value.ValueKind == JsonValueKind.Object
            && value.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            && value.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
            ? new EntityUid(type.GetString()!, id.GetString()!) : null;
    }

    /// <summary>All entities that are named anywhere in a value.</summary>
    public static void Collect(JsonElement value, ICollection<EntityUid> into)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                Collect(item, into);
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            if (Read(value) is { } uid)
            {
                into.Add(uid);
            }

            foreach (var member in value.EnumerateObject())
            {
                Collect(member.Value, into);
            }
        }
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, Type);
        writer.WriteString("id"u8, Id);
        writer.WriteEndObject();
    }

    public override string ToString() => $"{Type}::{JsonSerializer.Serialize(Id)}";
}
