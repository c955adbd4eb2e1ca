using Cairn.Evidence;

namespace Cairn.Trails.Compromises;

/// <summary>
/// Works out a compromise's reach over any number of trails. A trail may make credentials suspect that others used, so
/// trails are looked at again until nothing is new; the order in which they come changes nothing.
/// </summary>
public sealed class BlastRadius
{
    private readonly Compromise _compromise;
    private readonly Dictionary<TraceId, (Trail Trail, TrailImpact? Impact)> _trails = [];
    private readonly Dictionary<string, SuspectCredential> _suspects = new(StringComparer.Ordinal);

    /// <summary>The reach of a compromise, before any trail is looked at.</summary>
    public BlastRadius(Compromise compromise)
    {
        ArgumentNullException.ThrowIfNull(compromise);
        _compromise = compromise;
        if (compromise.Kind == CompromiseKind.Credential)
        {
            _suspects[compromise.Id] = new SuspectCredential(compromise.Id, compromise.Since, "is the compromised one");
        }
    }

    /// <summary>The credentials that are suspect by what was looked at.</summary>
    public IReadOnlyDictionary<string, SuspectCredential> Suspects => _suspects;

    /// <summary>Whether a trail was given.</summary>
    public bool Has(TraceId trace) => _trails.ContainsKey(trace);

    /// <summary>Looks at trails, and again at those before where one makes a further credential suspect.</summary>
    public void Take(IEnumerable<Trail> trails)
    {
        ArgumentNullException.ThrowIfNull(trails);
        foreach (var trail in trails)
        {
            _trails[trail.Trace] = (trail, null);
        }

        // Suspicion only grows: more credentials, or the same from an earlier time on. So this ends.
        for (var isNew = true; isNew;)
        {
            isNew = false;
            foreach (var (trace, (trail, _)) in _trails.ToList())
            {
                var impact = TrailImpact.Of(trail, _compromise, _suspects);
                _trails[trace] = (trail, impact);
                foreach (var suspect in impact.Suspects)
                {
                    if (!_suspects.TryGetValue(suspect.Id, out var known) || suspect.Since < known.Since)
                    {
                        _suspects[suspect.Id] = suspect;
                        isNew = true;
                    }
                }
            }
        }
    }

    /// <summary>What was found.</summary>
    /// <param name="standing">Which proofs stand.</param>
    /// <param name="signedByBad">How many records of the compromised emitters stand in which way.</param>
    public BlastReport Report(ProofStanding standing, IReadOnlyDictionary<Standing, long>? signedByBad = null) => new(
        _compromise,
        [.. _trails.Values.Select(trail => trail.Impact!).Where(impact => impact.Records.Count > 0)
            .OrderBy(impact => impact.Records[0].Time).ThenBy(impact => impact.Trail.Trace.ToString(), StringComparer.Ordinal)],
        [.. _suspects.Values.OrderBy(suspect => suspect.Since).ThenBy(suspect => suspect.Id, StringComparer.Ordinal)],
        standing, signedByBad ?? new Dictionary<Standing, long>(), _trails.Count);
}
