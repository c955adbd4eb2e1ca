using System.Text.Json;
using Cairn.Trails.Index;

namespace Cairn.Trails.Tests;

public sealed class TrailIndexTests
{
    [Fact]
    public async Task Index_lists_trails_newest_first_and_comes_back_the_same_when_deleted()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var older = await trails.TellAsync(2);
        string first;
        using (var index = TrailIndex.Open(trails.Ledger, trails.Directory))
        {
            Assert.Equal(4, await index.CatchUpAsync(TestContext.Current.CancellationToken));
            var newer = await trails.TellAsync(1);
            Assert.Equal(3, await index.CatchUpAsync(TestContext.Current.CancellationToken));

            var list = index.List();
            Assert.Equal([newer, older], list.Select(trail => trail.Trace));
            Assert.Equal(("alice", "team@example.org", 6L, 2L, "done"), (list[1].Principal, list[1].Owner, list[1].Records, list[1].Actions, list[1].Status));
            Assert.Equal(["spiffe://cairn.local/agent/a"], list[1].Agents);
            first = JsonSerializer.Serialize(list);
        }

        foreach (var file in Directory.EnumerateFiles(trails.Directory.Root, "index.db*").ToList())
        {
            File.Delete(file);
        }

        using var again = TrailIndex.Open(trails.Ledger, trails.Directory);
        await again.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Equal(first, JsonSerializer.Serialize(again.List()));
    }

    [Fact]
    public async Task Index_counts_each_statement_once_when_two_catch_up_at_once()
    {
        await using var trails = await TrailLedger.OpenAsync();
        await trails.TellAsync(5);
        using var one = TrailIndex.Open(trails.Ledger, trails.Directory);
        using var two = TrailIndex.Open(trails.Ledger, trails.Directory);

        var taken = await Task.WhenAll(
            Task.Run(() => one.CatchUpAsync(TestContext.Current.CancellationToken)), Task.Run(() => two.CatchUpAsync(TestContext.Current.CancellationToken)));

        Assert.Equal(7, taken.Sum());
        Assert.Equal(12, Assert.Single(one.List()).Records);
    }
}
