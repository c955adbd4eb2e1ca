using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Sdk.Tests.Support;

namespace Cairn.Sdk.Tests.Emitting;

public sealed class EmitterTests : IDisposable
{
    private readonly EmitterBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Emitter_delivers_records_in_order_with_ordinals_from_zero_in_each_trail(bool spoolFirst)
    {
        var other = TraceId.New();
        await using (var emitter = await _bench.StartAsync(o => o with { SpoolFirst = spoolFirst, MaxBatchRecords = 7 }))
        {
            for (var i = 0; i < 100; i++)
            {
                emitter.Emit(_bench.Draft($"a{i}"));
                if (i % 2 == 0)
                {
                    emitter.Emit(_bench.Draft($"b{i}", other));
                }
            }

            await emitter.EmitDurableAsync(_bench.Draft("last"), TestContext.Current.CancellationToken);
            Assert.Equal(101, emitter.RecordsIn(_bench.Trace));
            Assert.Equal(50, emitter.RecordsIn(other));
        }

        foreach (var (trace, count) in new[] { (_bench.Trace, 101), (other, 50) })
        {
            var records = _bench.Ledger.Records.Where(r => r.Trace == trace).ToList();
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), records.Select(r => r.Seq));
            Assert.Equal(records.OrderBy(r => r.Time).Select(r => r.Id), records.Select(r => r.Id));
        }

        Assert.All(_bench.Ledger.Accepted, s => Assert.InRange(s.Records.Count, 1, 7));
        Assert.Empty(_bench.SpoolFiles());
        Assert.Empty(_bench.Log);
    }

    [Fact]
    public async Task Statements_of_a_stream_are_chained_and_only_the_first_carries_certificates()
    {
        await using (var emitter = await _bench.StartAsync())
        {
            for (var i = 0; i < 5; i++)
            {
                await emitter.EmitDurableAsync(_bench.Draft($"{i}"), TestContext.Current.CancellationToken);
            }
        }

        var statements = _bench.Ledger.Accepted.Select(s => s.Statement).ToList();
        Assert.Equal([0, 1, 2, 3, 4], statements.Select(s => s.Payload.Seq));
        Assert.Equal(default, statements[0].Payload.Previous);
        Assert.All(statements.Skip(1).Zip(statements), pair => Assert.Equal(pair.Second.Hash, pair.First.Payload.Previous));
        Assert.Equal([1, 0, 0, 0, 0], statements.Select(s => s.X5Chain.Count));
        Assert.All(statements.Skip(1), s => Assert.NotNull(s.X5t));
    }

    [Fact]
    public async Task Durable_calls_that_come_together_share_statements()
    {
        await using var emitter = await _bench.StartAsync(o => o with { DurableTimeout = TimeSpan.FromSeconds(10) });
        _bench.Ledger.Hang = new TaskCompletionSource();
        var calls = Enumerable.Range(0, 200).Select(i => Task.Run(async () => await emitter.EmitDurableAsync(_bench.Draft($"{i}")))).ToList();
        await Task.Delay(30, TestContext.Current.CancellationToken);
        _bench.Ledger.Hang.SetResult();
        _bench.Ledger.Hang = null;

        var ids = await Task.WhenAll(calls);
        Assert.Equal(200, ids.Distinct().Count());
        Assert.Equal(200, _bench.Ledger.Records.Count);
        Assert.InRange(_bench.Ledger.Accepted.Count, 1, 100);
    }

    [Fact]
    public async Task Statements_name_the_newest_checkpoint_known()
    {
        _bench.Ledger.Head = new TreeHead(7, Digest.Sha256("root"u8));
        await using var emitter = await _bench.StartAsync();
        await emitter.EmitDurableAsync(_bench.Draft("first"), TestContext.Current.CancellationToken);
        Assert.Equal(_bench.Ledger.Head, _bench.Ledger.Accepted[0].Statement.Payload.KnownHead);

        var newer = new TreeHead(9, Digest.Sha256("newer"u8));
        _bench.Ledger.Head = newer;
        await EmitterBench.Until(
            () =>
            {
                emitter.Emit(_bench.Draft("more"));
                return _bench.Ledger.Accepted[^1].Statement.Payload.KnownHead == newer;
            },
            "a statement that names the newer checkpoint");

        // A ledger that was set back never makes an emitter's knowledge smaller.
        _bench.Ledger.Head = new TreeHead(8, Digest.Sha256("older"u8));
        await EmitterBench.Until(
            () =>
            {
                emitter.Emit(_bench.Draft("more"));
                return _bench.Log.Any(l => l.Contains("contradicts", StringComparison.Ordinal));
            },
            "a complaint about the smaller checkpoint");
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(newer, _bench.Ledger.Accepted[^1].Statement.Payload.KnownHead);
    }

    [Fact]
    public async Task Draft_that_makes_no_valid_record_is_refused_and_takes_no_ordinal()
    {
        await using var emitter = await _bench.StartAsync();
        emitter.Emit(_bench.Draft("good"));
        Assert.Throws<EvidenceFormatException>(() => emitter.Emit(_bench.Draft(new string('x', IJson.MaxRecordBytes))));
        var twice = _bench.Draft();
        Assert.Throws<EvidenceFormatException>(() => emitter.Emit(new RecordDraft
        {
            Kind = twice.Kind,
            Trace = twice.Trace,
            Span = twice.Span,
            Actor = twice.Actor,
            Body = writer =>
            {
                writer.WriteString("name", "a");
                writer.WriteString("name", "b");
            },
        }));
        emitter.Emit(_bench.Draft("also good"));
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal([0, 1], _bench.Ledger.Records.Select(r => r.Seq));
    }

    [Fact]
    public async Task Body_writer_that_emits_is_refused()
    {
        await using var emitter = await _bench.StartAsync();
        var draft = _bench.Draft();
        Assert.Throws<InvalidOperationException>(() => emitter.Emit(new RecordDraft
        {
            Kind = draft.Kind,
            Trace = draft.Trace,
            Span = draft.Span,
            Actor = draft.Actor,
            Body = _ => emitter.Emit(draft),
        }));
        Assert.Equal(0, emitter.RecordsIn(_bench.Trace));
    }

    [Fact]
    public async Task Buffered_record_from_a_value_draft_allocates_nothing_on_the_callers_thread()
    {
        await using var emitter = await _bench.StartAsync(o => o with { QueueRecords = 4000, Linger = TimeSpan.FromHours(1), MaxBatchRecords = 60000 });
        var actor = new Actor(EmitterBench.Agent, "test", "owner@example.org");
        var draft = new RecordDraft<(string Subject, int Number)>(
            RecordKinds.ContextCaptured, _bench.Trace, SpanId.New(), SpanId.New(), null, actor, ("agent", 42),
            static (state, writer) =>
            {
                writer.WriteString("subject"u8, state.Subject);
                writer.WriteNumber("count"u8, state.Number);
            });

        // Both of the queue's buffers reach their size; after that, nothing more.
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 2000; i++)
            {
                emitter.Emit(in draft);
            }

            await emitter.FlushAsync(TestContext.Current.CancellationToken);
        }

        // A batch's first record wakes the signing loop, and a collection in the middle is counted to the thread that it
        // interrupts; neither happens for a record, so some rounds are free of both.
        var allocated = new List<long>();
        for (var round = 0; round < 8; round++)
        {
            emitter.Emit(in draft);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1499; i++)
            {
                emitter.Emit(in draft);
            }

            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            await emitter.FlushAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains(0, allocated);
        Assert.Equal(18_000, _bench.Ledger.Records.Count);
    }
}
