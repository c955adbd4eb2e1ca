using Cairn.Evidence.Records;
using Cairn.Evidence;
using Cairn.Sdk.Tests.Support;

namespace Cairn.Sdk.Tests.Emitting;

public sealed class ClockAndKeyTests : IDisposable
{
    private readonly EmitterBench _bench = new();
    private readonly SettableClock _clock = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Clock_that_goes_back_never_makes_record_times_decrease_and_is_declared_in_the_records()
    {
        await using var emitter = await _bench.StartAsync(o => o with { Time = _clock });
        await emitter.EmitDurableAsync(_bench.Draft("noon"), TestContext.Current.CancellationToken);
        _clock.Offset = TimeSpan.FromHours(-1);
        await emitter.EmitDurableAsync(_bench.Draft("an hour back"), TestContext.Current.CancellationToken);
        _clock.Offset = TimeSpan.FromMinutes(1);
        await emitter.EmitDurableAsync(_bench.Draft("caught up"), TestContext.Current.CancellationToken);

        var records = _bench.Ledger.Records;
        Assert.True(records[0].Time <= records[1].Time && records[1].Time < records[2].Time);
        Assert.False(records[0].Root.TryGetProperty("attributes", out _));
        Assert.InRange(records[1].Root.GetProperty("attributes").GetProperty("cairn.clock.behind_us").GetInt64(), 3_590_000_000, 3_600_000_000);
        Assert.False(records[2].Root.TryGetProperty("attributes", out _));
    }

    [Fact]
    public async Task Key_is_renewed_after_two_thirds_of_its_lifetime_and_the_next_statement_carries_the_certificates()
    {
        using var authority = Identity.LocalAuthority.Open(Path.Combine(_bench.Folder, "keys"), "example.org", _clock);
        await using var emitter = await _bench.StartAsync(o => o with { Time = _clock, Signer = authority.SourceFor(EmitterBench.Agent, TimeSpan.FromHours(24)) });
        await emitter.EmitDurableAsync(_bench.Draft("1"), TestContext.Current.CancellationToken);
        _clock.Offset = TimeSpan.FromHours(15);
        await emitter.EmitDurableAsync(_bench.Draft("2"), TestContext.Current.CancellationToken);
        _clock.Offset = TimeSpan.FromHours(17);
        for (var i = 0; i < 3; i++)
        {
            await emitter.EmitDurableAsync(_bench.Draft("3"), TestContext.Current.CancellationToken);
        }

        var chains = _bench.Ledger.Accepted.Select(s => s.Statement.X5Chain).ToList();
        Assert.Single(chains[0]);
        Assert.Empty(chains[1]);
        var renewed = Assert.Single(chains.Skip(2), c => c.Count == 1);
        Assert.False(renewed[0].Span.SequenceEqual(chains[0][0].Span));
        Assert.Single(_bench.Ledger.Accepted.Select(s => s.Statement.Payload.Stream).Distinct());
    }

    [Fact]
    public async Task Issuer_that_is_gone_at_renewal_time_stops_nothing_while_the_key_is_good()
    {
        var source = new FailingSource(_bench.Authority.SourceFor(EmitterBench.Agent));
        await using var emitter = await _bench.StartAsync(o => o with { Time = _clock, Signer = source });
        await emitter.EmitDurableAsync(_bench.Draft("1"), TestContext.Current.CancellationToken);
        source.Fails = true;
        _clock.Offset = TimeSpan.FromHours(20);
        await emitter.EmitDurableAsync(_bench.Draft("2"), TestContext.Current.CancellationToken);
        await emitter.EmitDurableAsync(_bench.Draft("3"), TestContext.Current.CancellationToken);
        Assert.Contains(_bench.Log, l => l.Contains("still good", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Issuer_that_gives_no_key_at_all_makes_strict_calls_fail_in_time()
    {
        var source = new FailingSource(_bench.Authority.SourceFor(EmitterBench.Agent)) { Fails = true };
        await using var emitter = await _bench.StartAsync(o => o with { Signer = source, DurableTimeout = TimeSpan.FromMilliseconds(400) });
        var refused = await Assert.ThrowsAsync<EvidenceUnavailableException>(async () => await emitter.EmitDurableAsync(_bench.Draft("1")));
        Assert.False(refused.IsKept);
        Assert.Contains("could not be signed", refused.Message, StringComparison.Ordinal);

        source.Fails = false;
        await emitter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(refused.Record, Assert.Single(_bench.Ledger.Records).Id);
    }

    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }

    private sealed class FailingSource(Identity.ISvidSource good) : Identity.ISvidSource
    {
        public bool Fails { get; set; }

        public ValueTask<Identity.Svid> FetchAsync(CancellationToken cancellationToken) =>
            Fails ? throw new Identity.SvidUnavailableException("none for the test") : good.FetchAsync(cancellationToken);
    }
}
