using System.Text.Json;

namespace Cairn.Broker.Tokens;

/// <summary>Claims of an access token that are more than a text or a number.</summary>
internal static class TokenClaims
{
    private const int MostActors = 64;

    /// <summary>The chain of actors, outermost first (RFC 8693 §4.1).</summary>
    /// <exception cref="TokenFormatException">An <c>act</c> is no object with a <c>sub</c>, or the chain is too long.</exception>
    public static IReadOnlyList<string> ActorsOf(JsonElement claims)
    {
        var actors = new List<string>();
        for (var at = claims; at.TryGetProperty("act", out var actor); at = actor)
        {
            if (actor.ValueKind != JsonValueKind.Object || actors.Count == MostActors)
            {
                throw new TokenFormatException($"\"act\" is no chain of at most {MostActors} objects");
            }

            actors.Add(actor.RequiredText("sub"));
        }

        return actors;
    }

    /// <summary>The key that the token is bound to (RFC 7800 §3.1): <c>jkt:</c> or <c>x5t#S256:</c> and the thumbprint; null: none.</summary>
    /// <exception cref="TokenFormatException"><c>cnf</c> is something else: a binding that is not understood must not count as none.</exception>
    public static string? HolderOf(JsonElement claims)
    {
        if (!claims.TryGetProperty("cnf", out var confirmation))
        {
            return null;
        }

        if (confirmation.ValueKind != JsonValueKind.Object)
        {
            throw new TokenFormatException("\"cnf\" is not an object");
        }

        return confirmation.EnumerateObject().ToList() is [{ Name: "jkt" or "x5t#S256", Value.ValueKind: JsonValueKind.String } one]
            ? $"{one.Name}:{one.Value.GetString()}"
            : throw new TokenFormatException("\"cnf\" holds something other than one of jkt and x5t#S256");
    }
}
