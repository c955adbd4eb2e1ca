using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>
/// The head of a policy, as far as it names single entities, and the name that it asks for before anything else. It serves to leave out policies that can't apply; the engine
/// judges those that are left by their whole text, so that a scope that is too wide here costs time and nothing else.
/// </summary>
/// <param name="Actions">The actions and action groups that it names; null: any.</param>
/// <param name="Principal">It applies only to this entity and those below it; null: nobody knows.</param>
/// <param name="Resource">The same for the resource.</param>
/// <param name="Name">It applies only where <c>context.name</c> is this, and where it is not, nothing else of it is evaluated; null: nobody knows.</param>
internal sealed record PolicyScope(IReadOnlyList<EntityUid>? Actions, EntityUid? Principal, EntityUid? Resource, string? Name)
{
    public static PolicyScope Read(JsonElement policy) => new(
        ActionsOf(policy.GetProperty("action")), Root(policy.GetProperty("principal")), Root(policy.GetProperty("resource")), NameOf(policy));

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

    /// <summary>
    /// The first condition's first term, if that is <c>context.name == "…"</c>. Every context has the name, so that the term raises
    /// no error; where it is false, Cedar looks at no later term and at no later condition, so that these raise none either.
    /// </summary>
    private static string? NameOf(JsonElement policy)
    {
        if (!policy.TryGetProperty("conditions", out var conditions) || conditions.GetArrayLength() == 0 || !conditions[0].GetProperty("kind").ValueEquals("when"u8))
        {
            return null;
        }

        var first = conditions[0].GetProperty("body");
        while (first.TryGetProperty("&&", out var both))
        {
            first = both.GetProperty("left");
        }

        return first.TryGetProperty("==", out var equal) && IsName(equal.GetProperty("left"))
            && equal.GetProperty("right").TryGetProperty("Value", out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
    }

    private static bool IsName(JsonElement expression) => expression.TryGetProperty(".", out var member)
        && member.GetProperty("attr").ValueEquals("name"u8)
        && member.GetProperty("left").TryGetProperty("Var", out var variable) && variable.ValueEquals("context"u8);
}
