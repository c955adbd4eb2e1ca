using Cairn.Evidence;

namespace Cairn.Trails.Compromises;

/// <summary>A resource that was reached.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Acts">How many actions on it.</param>
/// <param name="Writes">How many of these may have changed something.</param>
/// <param name="Confirmed">How many effects the target's own log tells.</param>
public sealed record TouchedResource(string Resource, int Acts, int Writes, int Confirmed);

/// <summary>Everything downstream of a compromise, over a whole ledger.</summary>
/// <param name="Compromise">What is bad.</param>
/// <param name="Impacts">By trail, those with the earliest record first.</param>
/// <param name="Credentials">The credentials that are suspect, by time.</param>
/// <param name="Standing">Which proofs stand.</param>
/// <param name="SignedByBad">How many of all records that the compromised emitters signed stand in which way.</param>
/// <param name="Trails">How many trails were looked at.</param>
public sealed record BlastReport(
    Compromise Compromise, IReadOnlyList<TrailImpact> Impacts, IReadOnlyList<SuspectCredential> Credentials, ProofStanding Standing,
    IReadOnlyDictionary<Standing, long> SignedByBad, int Trails)
{
    /// <summary>Every record downstream, by time.</summary>
    public IReadOnlyList<AffectedRecord> Records { get; } =
        [.. Impacts.SelectMany(impact => impact.Records).OrderBy(record => record.Time).ThenBy(record => record.Record.ToString(), StringComparer.Ordinal)];

    /// <summary>What was reached, by how many actions may have changed it.</summary>
    public IReadOnlyList<TouchedResource> Resources { get; } = Touched(Impacts);

    /// <summary>The workloads that acted downstream, ordered.</summary>
    public IReadOnlyList<SpiffeId> Agents { get; } =
        [.. Impacts.SelectMany(impact => impact.Actions.Select(action => action.Actor.Id).Concat(impact.Tasks.Select(task => task.Agent.Id)))
            .Distinct().OrderBy(agent => agent.ToString(), StringComparer.Ordinal)];

    /// <summary>How many of the records downstream stand in which way.</summary>
    public IReadOnlyDictionary<Standing, int> Proofs { get; } = Impacts.SelectMany(impact => impact.Records).GroupBy(record => Standing.Of(record.Issuer, record.Statement, record.Time))
        .ToDictionary(group => group.Key, group => group.Count());

    private static List<TouchedResource> Touched(IReadOnlyList<TrailImpact> impacts)
    {
        var confirmed = impacts.SelectMany(impact => impact.Effects).GroupBy(effect => effect.Resource).ToDictionary(group => group.Key, group => group.Count());
        var touched = impacts.SelectMany(impact => impact.Actions).Where(action => action.WasDone || action.Status is null).GroupBy(action => action.Resource)
            .Select(group => new TouchedResource(group.Key, group.Count(), group.Count(action => action.Writes != false), confirmed.GetValueOrDefault(group.Key))).ToList();
        var acted = touched.Select(resource => resource.Resource).ToHashSet();
        touched.AddRange(confirmed.Where(effect => !acted.Contains(effect.Key)).Select(effect => new TouchedResource(effect.Key, 0, 0, effect.Value)));
        return [.. touched.OrderByDescending(resource => resource.Writes).ThenByDescending(resource => resource.Acts).ThenBy(resource => resource.Resource, StringComparer.Ordinal)];
    }
}
