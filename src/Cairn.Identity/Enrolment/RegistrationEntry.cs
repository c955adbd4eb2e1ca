using Cairn.Evidence;

namespace Cairn.Identity.Enrolment;

/// <summary>Which processes get which identity.</summary>
/// <param name="Id">The entry's own id: 16 hexadecimal digits.</param>
/// <param name="SpiffeId">The identity.</param>
/// <param name="Owner">Who answers for what that identity does.</param>
/// <param name="Ttl">How long an SVID lasts.</param>
/// <param name="Selectors">What must be true of a process, all of it; at least one.</param>
public sealed record RegistrationEntry(string Id, SpiffeId SpiffeId, string Owner, TimeSpan Ttl, IReadOnlyList<Selector> Selectors)
{
    /// <summary>The shortest lifetime that an entry may give: below it, clocks and rotation get in each other's way.</summary>
    public static readonly TimeSpan ShortestTtl = TimeSpan.FromSeconds(2);

    /// <summary>The longest: what is longer is not a short-lived credential any more.</summary>
    public static readonly TimeSpan LongestTtl = TimeSpan.FromDays(7);

    /// <summary>Whether the entry speaks of that process.</summary>
    public bool Covers(PeerFacts peer) => Selectors.Count > 0 && Selectors.All(selector => selector.Matches(peer));
}
