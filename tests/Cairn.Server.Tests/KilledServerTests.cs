using Cairn.Evidence.Submissions;
using Cairn.Sdk;

namespace Cairn.Server.Tests;

public sealed class KilledServerTests : IDisposable
{
    private readonly ServerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Strict_emitter_refuses_while_the_server_is_killed_and_the_refused_record_follows_in_its_place()
    {
        var address = ServerProcess.FreeAddress();
        using var first = await ServerProcess.StartAsync(_bench.Data, address);
        using var identity = _bench.Identity(address, _bench.JoinToken);
        using var client = new HttpLedgerClient(address);
        await using var emitter = await Emitter.StartAsync(_bench.EmitterOptions(identity) with { DurableTimeout = TimeSpan.FromSeconds(1) }, client, ServerBench.Cancel);
        emitter.Emit(_bench.Draft("before"));
        await emitter.FlushAsync(ServerBench.Cancel);

        await first.KillAsync();
        var refused = await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("refused")));
        Assert.True(refused.IsKept);
        emitter.Emit(_bench.Draft("says so"));

        using var second = await ServerProcess.StartAsync(_bench.Data, address);
        await emitter.FlushAsync(ServerBench.Cancel);
        Assert.Equal(["before", "refused", "says so"], await NamesAsync());
    }

    [Fact]
    public async Task Buffered_emitter_delivers_in_order_and_once_through_kills_of_the_server()
    {
        var address = ServerProcess.FreeAddress();
        var server = await ServerProcess.StartAsync(_bench.Data, address);
        using var identity = _bench.Identity(address, _bench.JoinToken);
        using var client = new HttpLedgerClient(address);
        await using (var emitter = await Emitter.StartAsync(_bench.EmitterOptions(identity, spoolFirst: true) with { MaxBatchRecords = 25 }, client, ServerBench.Cancel))
        {
            var emitting = Task.Run(async () =>
            {
                for (var i = 0; i < 1500; i++)
                {
                    emitter.Emit(_bench.Draft($"{i}"));
                    if (i % 10 == 0)
                    {
                        await Task.Delay(5, ServerBench.Cancel);
                    }
                }
            }, ServerBench.Cancel);
            for (var kill = 0; kill < 2; kill++)
            {
                await Task.Delay(200, ServerBench.Cancel);
                await server.KillAsync();
                server.Dispose();
                await Task.Delay(200, ServerBench.Cancel);
                server = await ServerProcess.StartAsync(_bench.Data, address);
            }

            await emitting;
            await emitter.FlushAsync(ServerBench.Cancel);
        }

        server.Dispose();
        Assert.Equal(Enumerable.Range(0, 1500).Select(i => $"{i}"), await NamesAsync());
        Assert.Equal(Enumerable.Range(0, 1500).Select(i => (long)i), (await _bench.RecordsAsync()).Select(r => r.Seq));
        Assert.Empty(Directory.GetFiles(_bench.Spool));
    }

    private async Task<List<string?>> NamesAsync() => [.. (await _bench.RecordsAsync()).Select(r => r.Body.GetProperty("name").GetString())];
}
