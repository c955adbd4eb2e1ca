using Cairn.Evidence.Records;

namespace Cairn.EndToEnd;

public class SeveralAtOnceTests
{
    [Fact]
    public async Task Five_gateways_with_200_parallel_calls_each_make_one_ledger_and_lose_nothing()
    {
        using var folder = new TemporaryFolder();
        var data = folder["data"];

        var gateways = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => WrappedServer.EverythingAsync(data)));
        await Task.WhenAll(gateways.SelectMany((gateway, g) => Enumerable.Range(0, 200).Select(async i =>
        {
            var answer = await gateway.EchoAsync($"{g}:{i}");
            Assert.Contains($"{g}:{i}", Recorded.TextOf(answer));
        })));
        foreach (var gateway in gateways)
        {
            Assert.Equal(0, await gateway.CloseAsync());
            await gateway.DisposeAsync();
        }

        var trails = (await Recorded.ReadAsync(data)).GroupBy(record => record.Trace).ToList();
        Assert.Equal(5, trails.Count);
        foreach (var trail in trails)
        {
            Assert.Equal(200, trail.Count(record => record.Kind == RecordKinds.ActionRequested));
            Assert.Equal(200, trail.Count(record => record.Kind == RecordKinds.ActionCompleted));
            Assert.Equal(Enumerable.Range(0, trail.Count()).Select(n => (long)n), trail.Select(record => record.Seq).Order());
        }

        var fsck = await CairnProgram.RunAsync("fsck", "--data", data);
        Assert.True(fsck.ExitCode == 0, fsck.ToString());
    }

    [Fact]
    public async Task Gateways_killed_one_after_the_other_leave_every_answered_call_recorded_and_the_others_at_work()
    {
        using var folder = new TemporaryFolder();
        var data = folder["data"];
        var gateways = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => WrappedServer.EverythingAsync(data)));
        var answered = 0;
        var survivor = gateways[3];

        // Whoever holds the ledger is among the first three: killed in turn while all of them are calling.
        var work = gateways.Take(3).Select(gateway => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
                    {
                        await gateway.EchoAsync("x");
                        Interlocked.Increment(ref answered);
                    }));
                }
            }
            catch (Exception ended) when (gateway.IsKilled)
            {
                return ended.Message;
            }
        })).ToList();
        foreach (var gateway in gateways.Take(3))
        {
            await Task.Delay(700);
            gateway.Kill();
            await survivor.EchoAsync("still here").WaitAsync(TimeSpan.FromSeconds(20));
            Interlocked.Increment(ref answered);
        }

        await Task.WhenAll(work).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, await survivor.CloseAsync());
        var records = await Recorded.ReadAsync(data);
        var requested = records.Count(record => record.Kind == RecordKinds.ActionRequested);
        Assert.True(requested >= answered, $"{answered} calls were answered, {requested} are recorded");
        Assert.True(answered > 30, $"only {answered} calls were answered before the kills");
        var fsck = await CairnProgram.RunAsync("fsck", "--data", data);
        Assert.True(fsck.ExitCode == 0, fsck.ToString());
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }
}
