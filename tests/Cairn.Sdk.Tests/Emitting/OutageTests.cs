using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Sdk.Tests.Support;

namespace Cairn.Sdk.Tests.Emitting;

public sealed class OutageTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(500);
    private readonly EmitterBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Strict_emitter_refuses_while_the_ledger_is_gone_and_delivers_the_refused_record_later_in_its_place()
    {
        await using var emitter = await _bench.StartAsync(o => o with { DurableTimeout = Short });
        emitter.Emit(_bench.Draft("before"));
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        _bench.Ledger.IsDown = true;

        var refused = await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("refused")));
        Assert.True(refused.IsKept);
        Assert.Contains("down for the test", refused.Message, StringComparison.Ordinal);
        Assert.Contains(_bench.Spool, refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(_bench.SpoolFiles("*.spool"));
        emitter.Emit(_bench.Draft("the refusal itself"));

        _bench.Ledger.IsDown = false;
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["before", "refused", "the refusal itself"], Notes());
        Assert.Equal(refused.Record, _bench.Ledger.Records[1].Id);
    }

    [Fact]
    public async Task Strict_emitter_rides_out_an_outage_shorter_than_its_patience()
    {
        await using var emitter = await _bench.StartAsync();
        _bench.Ledger.IsDown = true;
        var call = emitter.EmitDurableAsync(_bench.Draft("patient"), TestContext.Current.CancellationToken);
        await EmitterBench.Until(() => _bench.Ledger.Calls > 1, "a second attempt");
        _bench.Ledger.IsDown = false;
        await call;
        Assert.Equal(["patient"], Notes());
    }

    [Fact]
    public async Task Strict_emitter_refuses_at_once_when_the_outage_is_an_old_one()
    {
        await using var emitter = await _bench.StartAsync(o => o with { DurableTimeout = Short });
        _bench.Ledger.IsDown = true;
        await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("first")));
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft($"{i}")));
        }

        Assert.True(TimeProvider.System.GetElapsedTime(started) < 5 * Short);
    }

    [Fact]
    public async Task Ledger_that_hangs_is_refused_after_the_patience_and_the_record_is_spooled()
    {
        await using var emitter = await _bench.StartAsync(o => o with { DurableTimeout = Short });
        _bench.Ledger.Hang = new TaskCompletionSource();
        var refused = await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("hung")));
        Assert.True(refused.IsKept);
        Assert.NotEmpty(_bench.SpoolFiles("*.spool"));

        _bench.Ledger.Hang.SetResult();
        _bench.Ledger.Hang = null;
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["hung"], Notes());
    }

    [Fact]
    public async Task Answer_that_is_lost_leads_to_the_same_bytes_again_and_to_one_statement()
    {
        await using var emitter = await _bench.StartAsync();
        _bench.Ledger.LosesAnswers = true;
        var call = emitter.EmitDurableAsync(_bench.Draft("once"), TestContext.Current.CancellationToken);
        await EmitterBench.Until(() => _bench.Ledger.Repeats > 0, "a repeated submission");
        _bench.Ledger.LosesAnswers = false;
        await call;
        Assert.Equal(["once"], Notes());
        Assert.Single(_bench.Ledger.Accepted);
    }

    [Fact]
    public async Task Buffered_emitter_keeps_everything_through_an_outage_longer_than_its_memory()
    {
        await using var emitter = await _bench.StartAsync(o => o with { SpoolFirst = true, QueueBytes = 64 * 1024, MaxBatchRecords = 20, Linger = TimeSpan.FromMilliseconds(1) });
        _bench.Ledger.IsDown = true;
        for (var i = 0; i < 1000; i++)
        {
            emitter.Emit(_bench.Draft($"{i}"));
        }

        await EmitterBench.Until(() => SpoolBytes() > 300 * 1000, "the records in the spool");
        _bench.Ledger.IsDown = false;
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"{i}"), Notes());
        Assert.Equal(0, _bench.Ledger.Repeats);
    }

    [Fact]
    public async Task Emitter_that_ends_during_an_outage_leaves_all_to_the_next_and_says_so()
    {
        _bench.Ledger.IsDown = true;
        var first = await _bench.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            first.Emit(_bench.Draft($"{i}"));
        }

        await first.DisposeAsync();
        Assert.Contains(_bench.Log, l => l.Contains("50 records", StringComparison.Ordinal) && l.Contains(_bench.Spool, StringComparison.Ordinal));

        _bench.Ledger.IsDown = false;
        await using (var next = await _bench.StartAsync())
        {
            await EmitterBench.Until(() => _bench.Ledger.Records.Count == 50, "the first emitter's records");
            Assert.NotEqual(first.Stream, next.Stream);
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), Notes());
        Assert.Empty(_bench.SpoolFiles());
    }

    [Fact]
    public async Task Living_emitters_spool_is_left_alone()
    {
        _bench.Ledger.IsDown = true;
        await using var first = await _bench.StartAsync(o => o with { SpoolFirst = true });
        first.Emit(_bench.Draft("mine"));
        await EmitterBench.Until(() => _bench.SpoolFiles("*.spool").Length == 1, "the record in the spool");
        await using var second = await _bench.StartAsync();
        Assert.Equal(2, _bench.SpoolFiles("*.lock").Length);
        _bench.Ledger.IsDown = false;
        await first.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, _bench.Ledger.Repeats);
    }

    [Fact]
    public async Task Full_spool_and_a_ledger_that_is_gone_refuse_the_durable_and_stop_the_buffered_and_lose_nothing()
    {
        await using var emitter = await _bench.StartAsync(o => o with
        {
            DurableTimeout = Short, SpoolFirst = true, SpoolQuotaBytes = 4096, QueueBytes = 16 * 1024, QueueRecords = 30, MaxBatchRecords = 10,
            BlockTimeout = TimeSpan.FromMilliseconds(300), Linger = TimeSpan.FromMilliseconds(1),
        });
        _bench.Ledger.IsDown = true;
        var accepted = 0;
        var stopped = Assert.Throws<EvidenceUnavailableException>(() =>
        {
            for (; accepted < 10_000; accepted++)
            {
                emitter.Emit(_bench.Draft($"{accepted}"));
            }
        });
        Assert.False(stopped.IsKept);
        Assert.Contains("full", stopped.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("durable")));

        _bench.Ledger.IsDown = false;
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, accepted).Select(i => $"{i}"), Notes());
        Assert.Equal(Enumerable.Range(0, accepted).Select(i => (long)i), _bench.Ledger.Records.Select(r => r.Seq));
    }

    [Fact]
    public async Task Refused_statement_is_kept_and_declared_in_a_new_stream()
    {
        await using var emitter = await _bench.StartAsync(o => o with { DurableTimeout = Short });
        emitter.Emit(_bench.Draft("good"));
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        var first = emitter.Stream;
        _bench.Ledger.Refuses = s => s.Statement.Payload.Stream == first && s.Statement.Payload.Seq == 1;

        var refused = await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("bad")));
        Assert.Contains("test-refusal", refused.Message, StringComparison.Ordinal);
        emitter.Emit(_bench.Draft("after"));
        await emitter.FlushAsync(TestContext.Current.CancellationToken);

        Assert.NotEqual(first, emitter.Stream);
        var gap = Assert.Single(_bench.Ledger.Records, r => r.Kind == RecordKinds.GapDeclared);
        Assert.Equal("submission_rejected", gap.Body.GetProperty("reason").GetString());
        Assert.Equal(1, gap.Body.GetProperty("count").GetInt64());
        Assert.Equal(first.ToString(), gap.Body.GetProperty("subject").GetString());
        Assert.Equal(_bench.Trace, gap.Trace);
        Assert.Contains(_bench.SpoolFiles(), f => f.StartsWith("rejected/", StringComparison.Ordinal) && f.EndsWith(".submission", StringComparison.Ordinal));
        Assert.Contains(_bench.Log, l => l.Contains("EVIDENCE REFUSED", StringComparison.Ordinal));

        var second = _bench.Ledger.Accepted.Where(s => s.Statement.Payload.Stream == emitter.Stream).SelectMany(s => s.Records).Select(r => Record.Parse(r));
        Assert.Equal([0, 1], second.Select(r => r.Seq));
        Assert.Equal(2, emitter.RecordsIn(_bench.Trace));
    }

    [Fact]
    public async Task Emitter_that_the_ledger_refuses_altogether_stops_and_says_why()
    {
        _bench.Ledger.Refuses = _ => true;
        await using var emitter = await _bench.StartAsync(o => o with { DurableTimeout = Short });
        await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("one")));
        await EmitterBench.Until(
            () =>
            {
                try
                {
                    emitter.Emit(_bench.Draft("more"));
                    return false;
                }
                catch (EvidenceUnavailableException e)
                {
                    return e.Message.Contains("refuses this emitter", StringComparison.Ordinal);
                }
            },
            "the emitter to stop");
        Assert.NotEmpty(_bench.SpoolFiles("*.submission"));
    }

    private List<string?> Notes() => [.. _bench.Ledger.Records.Select(r => r.Body.GetProperty("name").GetString())];

    private long SpoolBytes() => Directory.GetFiles(_bench.Spool, "*.spool").Sum(f => new FileInfo(f).Length);
}
