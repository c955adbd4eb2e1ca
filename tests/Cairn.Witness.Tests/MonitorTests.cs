using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using Cairn.Ledger;
using Cairn.Ledger.Tests;
using Cairn.Witness.Monitoring;

namespace Cairn.Witness.Tests;

/// <summary>A monitor on real ledgers, honest and not.</summary>
public sealed class MonitorTests : IDisposable
{
    private readonly TestLedger _test = new();
    private readonly string _state = Directory.CreateTempSubdirectory("cairn-monitor-").FullName;

    public void Dispose()
    {
        Directory.Delete(_state, recursive: true);
        _test.Dispose();
    }

    [Fact]
    public async Task An_honest_ledger_is_followed_across_runs_without_an_alarm()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        var first = await LookAsync();
        var again = await LookAsync();
        await SubmitAsync(_test.Directory, emitter, 300);
        var later = await LookAsync();

        Assert.Equal([(false, MonitorCodes.Advanced)], Codes(first));
        Assert.Equal([(false, MonitorCodes.Unchanged)], Codes(again));
        Assert.Equal([(false, MonitorCodes.Advanced)], Codes(later));
        Assert.Equal(303, later[0].Size);
    }

    [Fact]
    public async Task A_ledger_without_a_checkpoint_is_no_alarm() =>
        Assert.Equal([(false, MonitorCodes.NoCheckpoint)], Codes(await LookAsync()));

    [Fact]
    public async Task An_altered_entry_does_not_lead_to_the_root_and_is_not_kept()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        var bundle = Path.Combine(_test.Directory.TilesPath, "tile/entries/000.p/3");
        var bytes = await File.ReadAllBytesAsync(bundle, Cancel);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(bundle, bytes, Cancel);
        var altered = await LookAsync();
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(bundle, bytes, Cancel);

        Assert.Contains(altered, one => one is { IsAlarm: true, Code: MonitorCodes.Inconsistent });
        Assert.Equal([(false, MonitorCodes.Advanced)], Codes(await LookAsync()));
        Assert.Contains(MonitorCodes.Inconsistent, await File.ReadAllTextAsync(Path.Combine(_state, "alarms.jsonl"), Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_is_raised()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        var older = await File.ReadAllBytesAsync(CheckpointPath, Cancel);
        await SubmitAsync(_test.Directory, emitter, 2);
        await LookAsync();
        await File.WriteAllBytesAsync(CheckpointPath, older, Cancel);

        Assert.Contains(await LookAsync(), one => one is { IsAlarm: true, Code: MonitorCodes.Rollback });
        File.Delete(CheckpointPath);
        Assert.Contains(await LookAsync(), one => one is { IsAlarm: true, Code: MonitorCodes.Rollback });
    }

    [Fact]
    public async Task A_second_history_is_a_split_view_with_a_proof_for_third_parties()
    {
        var forked = await ForkAsync();
        var policy = _test.Directory.TrustPolicy();
        await LookAsync(policy);

        var alarm = Assert.Single(await LookAsync(policy, forked.Root), one => one.IsAlarm);

        Assert.Equal(MonitorCodes.SplitView, alarm.Code);
        var verdict = ForkVerdict.Of(ForkProof.Parse(await File.ReadAllBytesAsync(alarm.Proof!, Cancel)), [.. policy.Log.Logs.Select(log => log.Key)], []);
        Assert.True(verdict.IsProven, string.Join("; ", verdict.Failures));
        Assert.Equal((5L, 9L), (verdict.Older.Size, verdict.Newer.Size));
    }

    [Fact]
    public async Task A_reader_who_is_new_finds_the_fork_by_what_the_witnesses_saw()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 2, "any");
        var forked = await ForkAsync();
        var policy = _test.Directory.TrustPolicy();
        File.Copy(Path.Combine(forked.WitnessingPath, "checkpoint"), Path.Combine(forked.TilesPath, "checkpoint"), overwrite: true);

        var events = await LookAsync(policy, forked.Root);

        Assert.Contains(events, one => one is { IsAlarm: true, Code: MonitorCodes.QuorumMissing });
        Assert.Contains(events, one => one is { IsAlarm: true, Code: MonitorCodes.SplitView, Proof: not null });
        Assert.DoesNotContain(await LookAsync(policy, state: Path.Combine(_state, "honest")), one => one.IsAlarm);
    }

    [Fact]
    public async Task An_older_view_than_the_witnesses_have_is_raised_after_the_grace()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 1, "all");
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        var stale = Path.Combine(_test.Folder, "stale");
        DirectoryCopy.Make(_test.Directory.TilesPath, stale);
        await SubmitAsync(_test.Directory, emitter, 2);
        var clock = new MovedClock();

        var patient = await LookAsync(source: stale, clock: clock);
        clock.Ahead = TimeSpan.FromMinutes(2);
        var raised = await LookAsync(source: stale, clock: clock);

        Assert.DoesNotContain(patient, one => one.IsAlarm);
        Assert.Contains(raised, one => one is { IsAlarm: true, Code: MonitorCodes.Withheld });
    }

    [Fact]
    public async Task A_checkpoint_by_another_key_is_not_followed()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        using var stranger = CheckpointSigner.Generate(KeyType.Ed25519, _test.Directory.Origin);
        var policy = TrustPolicy.For([stranger.VerifierKey], [], []);

        Assert.Equal([(true, MonitorCodes.BadCheckpoint)], Codes(await LookAsync(policy)));
    }

    [Fact]
    public async Task Statements_of_emitters_that_the_policy_does_not_know_are_raised()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 2);
        var policy = TrustPolicy.For(_test.Directory.TrustPolicy().Log.Logs.Select(log => log.Key), [], [new EmitterRule(EmitterRole.Agent, "spiffe://cairn.local/agent/*")]);

        var events = await LookAsync(policy);

        Assert.Equal(2, events.Count(one => one is { IsAlarm: true, Code: MonitorCodes.IssuerUntrusted }));
        Assert.Contains(events, one => one.Code == MonitorCodes.Advanced);
    }

    [Fact]
    public async Task An_acknowledged_statement_that_is_not_there_is_raised_after_the_grace()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        Acknowledged[] kept =
        [
            new(emitter.Stream, 1, 1), // there
            new(emitter.Stream, 1, 2), // another statement stands there
            new(emitter.Stream, 3, 3), // not there yet
        ];
        var clock = new MovedClock();

        var patient = await LookAsync(acknowledged: kept, clock: clock);
        clock.Ahead = TimeSpan.FromMinutes(2);
        var raised = await LookAsync(acknowledged: kept, clock: clock);
        await SubmitAsync(_test.Directory, emitter, 1);

        Assert.Equal(1, patient.Count(one => one is { IsAlarm: true, Code: MonitorCodes.StatementMissing }));
        Assert.Equal(2, raised.Count(one => one is { IsAlarm: true, Code: MonitorCodes.StatementMissing }));
        Assert.DoesNotContain(await LookAsync(acknowledged: [kept[0], kept[2]], clock: clock), one => one.IsAlarm);
    }

    [Fact]
    public async Task What_a_spool_has_let_go_of_must_be_in_the_ledger()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        var spool = Directory.CreateDirectory(Path.Combine(_test.Folder, "spool")).FullName;
        void Holds(long first) => File.WriteAllBytes(
            Path.Combine(spool, $"{emitter.Stream}.00000001.spool"),
            [.. "cairn spool v1\n\0"u8, .. emitter.Stream.ToArray(), .. new byte[12], .. BitConverter.GetBytes(first)]);

        Holds(3);
        var good = await LookAsync(spools: [spool], grace: TimeSpan.Zero);
        Holds(4);
        var bad = await LookAsync(spools: [spool], grace: TimeSpan.Zero);

        Assert.DoesNotContain(good, one => one.IsAlarm);
        Assert.Contains(bad, one => one is { IsAlarm: true, Code: MonitorCodes.StatementMissing });
    }

    [Fact]
    public async Task Ones_own_emitters_are_listed_and_a_silent_one_is_raised()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);

        var events = await LookAsync(emitters: [Evidence.SpiffeId.Parse("spiffe://cairn.local/gateway/test"), Evidence.SpiffeId.Parse("spiffe://cairn.local/gateway/silent")]);

        Assert.Contains(events, one => one is { IsAlarm: false, Code: MonitorCodes.Emitter } && one.Text.Contains("3 statements in 1 streams", StringComparison.Ordinal));
        Assert.Contains(events, one => one is { IsAlarm: true, Code: MonitorCodes.StatementMissing } && one.Text.Contains("silent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_that_leaves_a_statement_out_of_a_stream_is_raised()
    {
        using var emitter = _test.Emitter();
        var submissions = Enumerable.Range(0, 3).Select(_ => emitter.Next().Statement.Bytes.ToArray()).ToList();
        using var log = new FakeLog(_test.Folder, [submissions[0], submissions[2]]);

        var events = await LookAsync(log.Policy(_test.Directory.TrustPolicy()), log.Folder);

        var alarm = Assert.Single(events, one => one.IsAlarm);
        Assert.Equal(MonitorCodes.StatementMissing, alarm.Code);
        Assert.Contains("statements 1 to 1 are not in the ledger", alarm.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_with_forged_and_malformed_entries_is_raised()
    {
        using var emitter = _test.Emitter();
        var good = emitter.Next().Statement.Bytes.ToArray();
        var forged = good.ToArray();
        forged[^1] ^= 1;
        using var log = new FakeLog(_test.Folder, [good, forged, "nonsense"u8.ToArray()]);

        var events = await LookAsync(log.Policy(_test.Directory.TrustPolicy()), log.Folder);

        Assert.Equal(2, events.Count(one => one is { IsAlarm: true, Code: MonitorCodes.StatementInvalid }));
        Assert.Contains(events, one => one.Code == MonitorCodes.StreamBroken);
    }

    [Fact]
    public async Task A_place_that_is_no_log_and_a_memory_of_another_log_are_refused()
    {
        Assert.Throws<LogUnavailableException>(() => LogSource.Open(Path.Combine(_test.Folder, "nowhere")));
        await LookAsync();
        using var stranger = CheckpointSigner.Generate(KeyType.Ed25519, "elsewhere.example");

        await Assert.ThrowsAsync<WitnessException>(() => LookAsync(TrustPolicy.For([stranger.VerifierKey], [], [])));
    }

    [Fact]
    public void Acknowledgements_are_read_strictly()
    {
        var kept = Acknowledged.ReadLines(["""{"stream":"00112233445566778899aabbccddeeff","seq":4,"index":9}""", ""]);

        Assert.Equal((4L, 9L), (Assert.Single(kept).Seq, kept[0].Index));
        Assert.Throws<Evidence.EvidenceFormatException>(() => Acknowledged.ReadLines(["{}"]));
        Assert.Throws<Evidence.EvidenceFormatException>(() => Acknowledged.ReadLines(["""{"stream":"x","seq":4,"index":9}"""]));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string CheckpointPath => Path.Combine(_test.Directory.TilesPath, "checkpoint");

    private static IEnumerable<(bool, string)> Codes(IEnumerable<MonitorEvent> events) => events.Select(one => (one.IsAlarm, one.Code));

    private static async Task SubmitAsync(LedgerDirectory directory, TestEmitter emitter, int count)
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Log = static _ => { }, WitnessAfresh = true, WitnessPatience = TimeSpan.FromSeconds(2) }, Cancel);
        var last = (await ledger.SubmitAsync([.. Enumerable.Range(0, count).Select(_ => emitter.Next())], Cancel))[^1];
        await ledger.WaitForCheckpointAsync(last.Index, TimeSpan.FromSeconds(20), Cancel);
    }

    /// <summary>Three statements that both histories have; two more in the ledger, six others in the copy that is returned.</summary>
    private async Task<LedgerDirectory> ForkAsync()
    {
        using var emitter = _test.Emitter();
        await SubmitAsync(_test.Directory, emitter, 3);
        var copy = Path.Combine(_test.Folder, "copy");
        DirectoryCopy.Make(_test.Directory.Root, copy);
        await SubmitAsync(_test.Directory, emitter, 2);
        var forked = LedgerDirectory.Open(copy);
        using var other = new TestEmitter(forked, Evidence.SpiffeId.Parse("spiffe://cairn.local/gateway/other"));
        await SubmitAsync(forked, other, 6);
        return forked;
    }

    private async Task<IReadOnlyList<MonitorEvent>> LookAsync(
        TrustPolicy? policy = null, string? source = null, string? state = null, IReadOnlyList<Acknowledged>? acknowledged = null, IReadOnlyList<string>? spools = null,
        IReadOnlyList<Evidence.SpiffeId>? emitters = null, TimeSpan? grace = null, TimeProvider? clock = null)
    {
        using var log = LogSource.Open(source ?? _test.Directory.Root);
        using var monitor = LedgerMonitor.Open(log, new MonitorOptions
        {
            Policy = policy ?? _test.Directory.TrustPolicy(),
            StatePath = state ?? _state,
            Acknowledged = acknowledged ?? [],
            Spools = spools ?? [],
            Emitters = emitters ?? [],
            Grace = grace ?? TimeSpan.FromMinutes(1),
            Time = clock ?? TimeProvider.System,
        });
        return await monitor.LookAsync(Cancel);
    }

    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
