using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>
/// The head of a policy, as far as it names single entities. It serves to leave out policies that can't apply; the engine
/// judges those that are left by their whole text, so that a scope that is too wide here costs time and nothing else.
/// </summary>
/// <param name="Actions">The actions and action groups that it names; null: any.</param>
/// <param name="Principal">It applies only to this entity and those below it; null: nobody knows.</param>
/// <param name="Resource">The same for the resource.</param>
internal sealed record PolicyScope(IReadOnlyList<EntityUid>? Actions, EntityUid? Principal, EntityUid? Resource)
{
    public static PolicyScope Read(JsonElement policy) => new(
        ActionsOf(policy.GetProperty("action")), Root(policy.GetProperty("principal")), Root(policy.GetProperty("resource")));

    private static IReadOnlyList<EntityUid>? ActionsOf(JsonElement constraint)
    {
        if (constraint.TryGetProperty("entities", out var several))
        {
            var read = several.EnumerateArray().Select(EntityUid.Read).ToList();
            return read.Any(e => e is null) ? null : [.. read.Select(e => e!.Value)];
        }

        return constraint.TryGetProperty("entity", out var one) && EntityUid.Read(one) is { } uid ? [uid] : null;
    }

    private static EntityUid? Root(JsonElement constraint)
    {
        if (constraint.TryGetProperty("in", out var nested))
        {
            constraint = nested;
        }

        return constraint.TryGetProperty("entity", out var entity) ? EntityUid.Read(entity) : null;
    }
}
