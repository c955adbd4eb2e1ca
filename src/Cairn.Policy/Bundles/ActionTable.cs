using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>The actions that a schema declares, and the groups that each is in.</summary>
internal sealed class ActionTable
{
    private readonly Dictionary<EntityUid, HashSet<EntityUid>> _above = [];

    /// <summary>Actions that a request could be for.</summary>
    public IReadOnlySet<string> Requestable { get; }

    /// <param name="schema">Cedar's JSON form of the schema.</param>
    public ActionTable(JsonElement schema)
    {
        var requestable = new HashSet<string>(StringComparer.Ordinal);
        var parents = new Dictionary<EntityUid, List<EntityUid>>();
        foreach (var space in schema.EnumerateObject())
        {
            var type = space.Name.Length == 0 ? "Action" : $"{space.Name}::Action";
            if (!space.Value.TryGetProperty("actions", out var actions))
            {
                continue;
            }

            foreach (var action in actions.EnumerateObject())
            {
                var uid = new EntityUid(type, action.Name);
                parents[uid] = action.Value.TryGetProperty("memberOf", out var groups)
                    ? [.. groups.EnumerateArray().Select(g => new EntityUid(
                        g.TryGetProperty("type", out var t) && t.ValueKind == JsonValueKind.String ? t.GetString()! : type, g.GetProperty("id").GetString()!))]
                    : [];
                if (type == "Action" && action.Value.TryGetProperty("appliesTo", out var applies) && applies.GetProperty("principalTypes").GetArrayLength() > 0)
                {
                    requestable.Add(action.Name);
                }
            }
        }

        Requestable = requestable;
        foreach (var action in parents.Keys)
        {
            var above = new HashSet<EntityUid>();
            var open = new Stack<EntityUid>([action]);
            while (open.TryPop(out var next))
            {
                if (above.Add(next))
                {
                    parents.GetValueOrDefault(next, []).ForEach(open.Push);
                }
            }

            _above[action] = above;
        }
    }

    /// <summary>An action and all groups that it is in; only itself where the schema does not know it.</summary>
    public IReadOnlySet<EntityUid> Above(EntityUid action) => _above.GetValueOrDefault(action) ?? [action];

    /// <summary>Writes, as items of an array, an action and the groups that it is in: the engine knows them from the schema alone, when it is given one.</summary>
    public void Write(Utf8JsonWriter writer, EntityUid action)
    {
        if (Above(action).Count == 1)
        {
            return;
        }

        foreach (var uid in Above(action))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("uid"u8);
            uid.WriteTo(writer);
            writer.WriteStartObject("attrs"u8);
            writer.WriteEndObject();
            writer.WriteStartArray("parents"u8);
            foreach (var parent in Above(uid).Where(a => a != uid))
            {
                parent.WriteTo(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }
}
