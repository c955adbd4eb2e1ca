using Cairn.Identity.Credentials;

namespace Cairn.Broker.Exchange;

/// <summary>The most that an authority allows: what it stands for can be handed on narrower, never wider.</summary>
/// <param name="Audience">For whom.</param>
/// <param name="Scope">What.</param>
/// <param name="Expires">Until when.</param>
/// <param name="Depth">How often it was handed on already.</param>
public sealed record Ceiling(IReadOnlyList<string> Audience, IReadOnlyList<string> Scope, DateTimeOffset Expires, int Depth)
{
    private const int MaxNames = 64;
    private const int MaxName = 512;

    /// <summary>The ceiling of what is asked for under this one.</summary>
    /// <param name="audience">For whom; null or empty: all of this one's.</param>
    /// <param name="scope">What; null or empty: all of this one's.</param>
    /// <param name="ttl">The wished lifetime; it is cut to what is left of this one's.</param>
    /// <param name="maxDepth">How often authority can be handed on.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="CredentialRefusedException">invalid_target (RFC 8693 §2.2.2), invalid_scope (RFC 6749 §5.2), or invalid_grant where nothing is left to give.</exception>
    public Ceiling Narrow(IReadOnlyList<string>? audience, IReadOnlyList<string>? scope, TimeSpan ttl, int maxDepth, DateTimeOffset now)
    {
        var targets = Within(audience, Audience, "invalid_target", "audience");
        var scopes = Within(scope, Scope, "invalid_scope", "scope");
        if (Depth + 1 > maxDepth)
        {
            throw new CredentialRefusedException("invalid_grant", $"authority was handed on {Depth} times already; at most {maxDepth} are allowed");
        }

        // Tokens say when they end in whole seconds: cut down, so that none outlives its parent by the rest of one.
        var wanted = DateTimeOffset.FromUnixTimeSeconds((now + ttl).ToUnixTimeSeconds());
        var expires = wanted < Expires ? wanted : DateTimeOffset.FromUnixTimeSeconds(Expires.ToUnixTimeSeconds());
        return expires - now >= TimeSpan.FromSeconds(1)
            ? new Ceiling(targets, scopes, expires, Depth + 1)
            : throw new CredentialRefusedException("invalid_grant", "less than a second is left of the lifetime asked for or of what it is exchanged for");
    }

    private static IReadOnlyList<string> Within(IReadOnlyList<string>? wanted, IReadOnlyList<string> most, string error, string what)
    {
        if (wanted is null or [])
        {
            return most;
        }

        if (wanted.Count > MaxNames || wanted.Any(name => name.Length is 0 or > MaxName))
        {
            throw new CredentialRefusedException(error, $"{what} has {wanted.Count} names; expected at most {MaxNames}, each of 1 to {MaxName} characters");
        }

        return wanted.FirstOrDefault(name => !most.Contains(name, StringComparer.Ordinal)) is { } wider
            ? throw new CredentialRefusedException(error, $"{what} \"{wider}\" is not in what it is exchanged for: authority narrows when it is handed on")
            : [.. wanted.Distinct(StringComparer.Ordinal)];
    }
}
