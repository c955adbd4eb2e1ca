using System.Diagnostics;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Explaining;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests;

/// <summary>Trails that are large: no speed is asserted, and what would take quadratic time would not end.</summary>
public sealed class LargeTrailTests(ITestOutputHelper output)
{
    /// <summary>120,000 records here; CAIRN_LARGE_TRAIL says how many actions to take instead.</summary>
    [Fact]
    public void Large_trail_is_reconstructed_checked_and_explained()
    {
        var actions = int.TryParse(Environment.GetEnvironmentVariable("CAIRN_LARGE_TRAIL"), out var given) ? given : 60_000;
        var story = new TrailStory();
        var root = story.Begin();
        var tasks = Enumerable.Range(0, 100).Select(i => story.Delegate(root, "a", $"w{i}", ["tool:*"])).ToArray();
        for (var i = 0; i < actions; i++)
        {
            story.Act(tasks[i % 100], agent: $"w{i % 100}", by: $"g{i % 10}", more: new { writes = i % 3 == 0 });
        }

        // Processor time, all threads: the machine may be busy with other things.
        using var own = Process.GetCurrentProcess();
        var before = own.TotalProcessorTime;
        double Took()
        {
            own.Refresh();
            var took = own.TotalProcessorTime - before;
            before = own.TotalProcessorTime;
            return took.TotalSeconds;
        }

        GC.Collect();
        var held = GC.GetTotalMemory(forceFullCollection: true);
        _ = Took();
        var trail = Trail.From(story.Records.Select(record => record with { Record = Record.Parse(record.Record.Bytes) }));
        output.WriteLine($"{trail.Records.Count} records parsed and reconstructed in {Took():0.00} s of processor time, {(GC.GetTotalMemory(forceFullCollection: true) - held) >> 20} MiB held");
        _ = Took();
        var findings = RuleCatalogue.Check(new TrailCase(trail)).Count();
        output.WriteLine($"{findings} findings in {Took():0.00} s");
        var sentences = Explanation.Of(trail).Sum(answer => answer.Sentences.Count);
        output.WriteLine($"{sentences} sentences in {Took():0.00} s");

        Assert.Equal(actions, trail.Actions.Count(action => action.WasOk));
        Assert.Equal(100, new AuthorityChains(trail).Delegations.Count());
    }
}
