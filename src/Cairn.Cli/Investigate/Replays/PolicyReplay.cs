using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Policy.Bundles;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Policy.Storage;
using Cairn.Trails;
using Cairn.Trails.Findings;

namespace Cairn.Cli.Investigate.Replays;

/// <summary><c>cairn replay --policy</c>: recomputes recorded decisions; a difference is the finding authority.decision_differs.</summary>
/// <param name="data">The data directory: its store has the bundles.</param>
/// <param name="brought">Sealed bundles that came with the evidence, by digest.</param>
/// <param name="further">Bundles besides those of the store, as a command line names them.</param>
internal sealed class PolicyReplay(string data, IReadOnlyDictionary<Digest, ReadOnlyMemory<byte>> brought, IReadOnlyList<string> further)
{
    /// <summary>Recomputes decisions and prints what came of it.</summary>
    /// <param name="history">The decisions.</param>
    /// <param name="trailOf">Reads a trail that has a difference.</param>
    /// <param name="json">Whether for programs.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>1 when any decision came out otherwise.</returns>
    public async Task<int> RunAsync(IAsyncEnumerable<RecordedDecision> history, Func<TraceId, Task<Trail>> trailOf, bool json, CancellationToken cancel)
    {
        var store = PolicyStore.Open(data);
        var given = further.Select(name => NamedBundle.Read(name, data).Files).ToDictionary(files => files.Digest);
        var decisions = new List<ReplayedDecision>();
        using (var replay = new DecisionReplay(CedarModule.Shared, digest => given.GetValueOrDefault(digest) ?? Brought(digest) ?? store.Find(digest), DecisionRecord.Shown))
        {
            await foreach (var recorded in history.WithCancellation(cancel))
            {
                decisions.Add(replay.Replay(recorded));
            }
        }

        var findings = await FindingsAsync(decisions, trailOf);
        if (json)
        {
            WriteJson(decisions, findings);
        }
        else
        {
            Print(decisions, findings);
        }

        return findings.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private BundleFiles? Brought(Digest digest) => brought.TryGetValue(digest, out var bytes) ? BundleFiles.Unseal(bytes) : null;

    private static async Task<List<Finding>> FindingsAsync(List<ReplayedDecision> decisions, Func<TraceId, Task<Trail>> trailOf)
    {
        var findings = new List<Finding>();
        foreach (var trail in decisions.Where(decision => decision.Differences.Count > 0).GroupBy(decision => decision.Recorded.Trace))
        {
            var recomputed = trail.Select(decision => new RecomputedDecision(
                RecordId.Parse(decision.Recorded.Record), Told(decision, difference => difference.Recomputed), Told(decision, difference => difference.Recorded)));
            findings.AddRange(RuleCatalogue.Find("authority.decision_differs")!.Run(new TrailCase(await trailOf(trail.Key)) { Recomputed = [.. recomputed] }));
        }

        return findings;
    }

    private static string Told(ReplayedDecision decision, Func<DecisionDifference, string> side) =>
        string.Join("; ", decision.Differences.Select(difference => $"{difference.Member} {(side(difference).Length == 0 ? "(nothing)" : side(difference))}"));

    private static void Print(List<ReplayedDecision> decisions, List<Finding> findings)
    {
        foreach (var finding in findings)
        {
            Console.Out.WriteLine($"{finding.Rule} ({finding.Severity}) in trail {finding.Trace}");
            Console.Out.WriteLine($"  {finding.Subject}");
            Console.Out.WriteLine($"  recomputed: {finding.Expected}");
            Console.Out.WriteLine($"  recorded:   {finding.Found}");
            Console.Out.WriteLine($"  records: {string.Join(", ", finding.Records)}");
        }

        var missing = decisions.Count(decision => decision.WhyNot is not null);
        Console.Out.WriteLine($"{decisions.Count} decisions: {decisions.Count - missing - findings.Count} came out as recorded, {findings.Count} otherwise, {missing} could not be recomputed");
        foreach (var (why, count) in Reasons(decisions))
        {
            Console.Out.WriteLine($"  {count}: {why}");
        }
    }

    private static IEnumerable<(string Why, int Count)> Reasons(List<ReplayedDecision> decisions) =>
        decisions.Where(decision => decision.WhyNot is not null).GroupBy(decision => decision.WhyNot!).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.Count()));

    private static void WriteJson(List<ReplayedDecision> decisions, List<Finding> findings) => JsonOutput.Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("decisions_recorded", decisions.Count);
        json.WriteNumber("differ", findings.Count);
        json.WriteNumber("not_recomputed", decisions.Count(decision => decision.WhyNot is not null));
        json.WriteStartArray("decisions");
        foreach (var (recorded, differences, whyNot) in decisions)
        {
            json.WriteStartObject();
            json.WriteString("trace", recorded.Trace.ToString());
            json.WriteString("record", recorded.Record);
            json.WriteString("decision", OutcomeNames.Of(recorded.Outcome));
            json.WriteString("bundle", recorded.Bundle);
            json.WriteString("engine", recorded.Engine);
            json.WriteString("replay", whyNot is not null ? "not_recomputed" : differences.Count == 0 ? "same" : "differs");
            if (whyNot is not null)
            {
                json.WriteString("why", whyNot);
            }

            json.WriteStartArray("differences");
            foreach (var difference in differences)
            {
                json.WriteStartObject();
                json.WriteString("member", difference.Member);
                json.WriteString("recorded", difference.Recorded);
                json.WriteString("recomputed", difference.Recomputed);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        FindingJson.WriteArray(json, findings);
        json.WriteEndObject();
    });
}
