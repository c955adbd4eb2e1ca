using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>A trail as rules see it, with what several of them ask for worked out once.</summary>
public sealed class TrailCase
{
    private readonly Lazy<Dictionary<StreamId, List<TrailRecord>>> _streams;
    private readonly Lazy<List<UsedCredential>> _uses;
    private readonly Lazy<HashSet<StreamId>> _policed;
    private readonly Lazy<AuthorityChains> _chains;

    /// <param name="trail">The trail.</param>
    /// <param name="credentials">What is known of credentials beyond it; null: what the trail tells.</param>
    /// <param name="options">What rules take for granted; null: the defaults.</param>
    public TrailCase(Trail trail, ICredentialBook? credentials = null, CheckOptions? options = null)
    {
        Trail = trail ?? throw new ArgumentNullException(nameof(trail));
        Credentials = credentials ?? CredentialBook.Of(trail);
        Options = options ?? new CheckOptions();
        _chains = new(() => new AuthorityChains(trail));
        _uses = new(() => [.. UsedCredential.In(trail)]);
        _streams = new(() => trail.Records.GroupBy(record => record.Stream).ToDictionary(
            group => group.Key, group => group.OrderBy(record => record.Record.Seq).ThenBy(record => record.Record.Id.ToString(), StringComparer.Ordinal).ToList()));
        _policed = new(() => [.. trail.Authority.Decisions.Select(decision => decision.Stream),
            .. trail.Authority.Policies.Where(policy => policy.IsLoaded).Select(policy => policy.Stream)]);
    }

    /// <summary>The trail.</summary>
    public Trail Trail { get; }

    /// <summary>What rules take for granted.</summary>
    public CheckOptions Options { get; }

    /// <summary>What is known of credentials.</summary>
    public ICredentialBook Credentials { get; }

    /// <summary>Decisions that were recomputed and came out otherwise; empty where none were recomputed.</summary>
    public IReadOnlyList<RecomputedDecision> Recomputed { get; init; } = [];

    /// <summary>The chains of authority.</summary>
    public AuthorityChains Chains => _chains.Value;

    /// <summary>Each stream's records by ordinal.</summary>
    public IReadOnlyDictionary<StreamId, List<TrailRecord>> Streams => _streams.Value;

    /// <summary>The uses of credentials, by records of their own and by the actions that name them.</summary>
    public IReadOnlyList<UsedCredential> Uses => _uses.Value;

    /// <summary>Whether a stream's emitter decides by policy in this trail.</summary>
    public bool HasPolicy(StreamId stream) => _policed.Value.Contains(stream);

    /// <summary>Whether one instant is after another beyond what clocks may differ.</summary>
    public bool IsAfter(DateTimeOffset time, DateTimeOffset other) => time > other + Options.ClockTolerance;

    /// <summary>An action in a few words.</summary>
    internal static string Name(TrailAction action) => $"{action.Type} {action.ShortResource} by {action.Actor.Id}";
}
