using System.Buffers;
using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>
/// The bundle's entities. A request is sent with those alone that an expression could reach: its own, those that a policy
/// names, and whatever these refer to.
/// </summary>
internal sealed class EntityStore
{
    private readonly Dictionary<EntityUid, Entity> _entities = [];
    private HashSet<EntityUid> _named = [];

    /// <summary>Whether any entity has attributes or tags of its own, which Cedar reads by the schema's types.</summary>
    public bool HasValues { get; private set; }

    /// <summary>Takes an entity.</summary>
    /// <returns>False when there is one of this name already.</returns>
    public bool Add(EntityUid uid, JsonElement json)
    {
        var references = new HashSet<EntityUid>();
        EntityUid.Collect(json, references);
        references.Remove(uid);
        IReadOnlyList<EntityUid> parents = json.TryGetProperty("parents", out var listed) && listed.ValueKind == JsonValueKind.Array
            ? [.. listed.EnumerateArray().Select(EntityUid.Read).OfType<EntityUid>()] : [];
        var attributes = json.TryGetProperty("attrs", out var attrs) && attrs.ValueKind == JsonValueKind.Object ? attrs : default;
        var tags = json.TryGetProperty("tags", out var tagged) ? tagged : default;
        HasValues |= (attributes.ValueKind == JsonValueKind.Object && attributes.EnumerateObject().Any()) || tags.ValueKind != JsonValueKind.Undefined;
        return _entities.TryAdd(uid, new Entity(parents, attributes, tags, references));
    }

    /// <summary>Takes note of what policies name.</summary>
    public void Name(IEnumerable<EntityUid> named) => _named = Closure(named);

    public bool Contains(EntityUid uid) => _entities.ContainsKey(uid);

    /// <summary>The entities above one, itself included, that the bundle knows of.</summary>
    /// <param name="uid">The entity.</param>
    /// <param name="parent">A parent that the request gives it.</param>
    public HashSet<EntityUid> Ancestors(EntityUid uid, EntityUid? parent)
    {
        var found = new HashSet<EntityUid>();
        var open = new Stack<EntityUid>([uid]);
        if (parent is { } given)
        {
            open.Push(given);
        }

        while (open.TryPop(out var next))
        {
            if (found.Add(next) && _entities.TryGetValue(next, out var entity))
            {
                foreach (var above in entity.Parents)
                {
                    open.Push(above);
                }
            }
        }

        return found;
    }

    /// <summary>
    /// Writes, as items of an array, all that a request's expressions could reach, the request's own entities merged with what the bundle
    /// says of them.
    /// </summary>
    /// <param name="writer">Gets them.</param>
    /// <param name="own">The request's own.</param>
    /// <param name="reads">Whether an attribute of a name is read by anything.</param>
    /// <param name="all">Whether all of the bundle's are written, reached or not.</param>
    public void Write(Utf8JsonWriter writer, IReadOnlyList<RequestEntity> own, Func<string, bool> reads, bool all)
    {
        var reached = all ? [.. _entities.Keys] : Closure(own.Select(o => o.Uid).Concat(own.Select(o => o.Parent).OfType<EntityUid>()));
        reached.UnionWith(_named);
        foreach (var entity in own)
        {
            reached.Remove(entity.Uid);
            Write(writer, entity.Uid, _entities.GetValueOrDefault(entity.Uid), entity, reads);
        }

        foreach (var uid in reached)
        {
            if (_entities.TryGetValue(uid, out var entity))
            {
                Write(writer, uid, entity, RequestEntity.Unasked(uid), reads);
            }
        }
    }

    private static void Write(Utf8JsonWriter writer, EntityUid uid, Entity? known, RequestEntity own, Func<string, bool> reads)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("uid"u8);
        uid.WriteTo(writer);
        writer.WriteStartObject("attrs"u8);
        foreach (var (name, value) in own.Attributes.Where(a => reads(a.Key)))
        {
            writer.WriteString(name, value);
        }

        if (known?.Attributes.ValueKind == JsonValueKind.Object)
        {
            foreach (var attribute in known.Attributes.EnumerateObject())
            {
                attribute.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
        writer.WriteStartArray("parents"u8);
        if (own.Parent is { } parent && known?.Parents.Contains(parent) != true)
        {
            parent.WriteTo(writer);
        }

        foreach (var above in known?.Parents ?? [])
        {
            above.WriteTo(writer);
        }

        writer.WriteEndArray();
        if (known?.Tags.ValueKind is { } kind and not JsonValueKind.Undefined)
        {
            writer.WritePropertyName("tags"u8);
            known.Tags.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private HashSet<EntityUid> Closure(IEnumerable<EntityUid> from)
    {
        var found = new HashSet<EntityUid>();
        var open = new Stack<EntityUid>(from);
        while (open.TryPop(out var next))
        {
            if (found.Add(next) && _entities.TryGetValue(next, out var entity))
            {
                foreach (var reference in entity.References)
                {
                    open.Push(reference);
                }
            }
        }

        return found;
    }

    private sealed record Entity(IReadOnlyList<EntityUid> Parents, JsonElement Attributes, JsonElement Tags, IReadOnlySet<EntityUid> References);
}
