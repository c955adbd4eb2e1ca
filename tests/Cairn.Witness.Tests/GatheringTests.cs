using System.Diagnostics;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Ledger;
using Cairn.Ledger.Tests;
using Cairn.Ledger.Timestamps;
using Cairn.Ledger.Witnessing;

namespace Cairn.Witness.Tests;

/// <summary>A ledger that asks real witnesses: what is final, what is not, and what a witness that was away gets.</summary>
public sealed class GatheringTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TestLedger _test = new();
    private readonly List<string> _said = [];

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task A_checkpoint_with_its_quorum_is_what_readers_get()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 3, "2");
        await using var ledger = await OpenAsync();
        using var emitter = _test.Emitter();

        var index = await SubmitAsync(ledger, emitter);
        var note = await ledger.WaitForCheckpointAsync(index, Patience, Cancel);
        var receipt = await ledger.ReceiptAsync(index, Cancel);

        Assert.True(ledger.Standing(note).IsMet, ledger.Standing(note).ToString());
        Assert.Equal(note.Body, receipt.Checkpoint.Body);
        Assert.True(_test.Directory.TrustPolicy().Log.Check(receipt.Checkpoint).Accepted);
        Assert.True(_test.Directory.TrustPolicy().Log.Check(PublishedIn(_test.Directory)!).Accepted);
        Assert.StartsWith("final: quorum Q met", ledger.Standing(note).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_its_quorum_a_checkpoint_is_acknowledged_signed_and_never_final()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 3, "2");
        await group.LeaveAsync(1);
        await group.LeaveAsync(2);
        await using var ledger = await OpenAsync(patience: TimeSpan.FromSeconds(1));
        using var emitter = _test.Emitter();

        var watch = Stopwatch.StartNew();
        var index = await SubmitAsync(ledger, emitter);
        var acknowledged = watch.Elapsed;
        var note = await ledger.WaitForCheckpointAsync(index, Patience, Cancel);
        await UntilAsync(() => group.HasCosigned(0, ledger.NewestCheckpoint()!) && ledger.Standing(ledger.NewestCheckpoint()!).MissingSince is not null);
        var standing = ledger.Standing(ledger.NewestCheckpoint()!);

        Assert.True(acknowledged < TimeSpan.FromSeconds(1), $"an acknowledgement took {acknowledged}: it must not wait for witnesses");
        Assert.False(ledger.Standing(note).IsMet);
        Assert.Null(ledger.FinalCheckpoint());
        Assert.Null(PublishedIn(_test.Directory));
        Assert.Equal(["w0/ed25519", "w0/mldsa44"], standing.Cosigned.Select(one => one.Name));
        Assert.Contains("NOT FINAL: quorum Q is not met, cosigned by 2 of 6", standing.ToString(), StringComparison.Ordinal);
        Assert.NotNull(standing.MissingSince);
        Assert.Contains(_said, line => line.Contains("w1 did not cosign", StringComparison.Ordinal));
        Assert.True((await Fsck.RunAsync(_test.Directory, cancellationToken: Cancel)).IsSound);
    }

    [Fact]
    public async Task A_witness_that_was_away_gets_the_newest_head_when_it_is_back()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 2, "all");
        await using var ledger = await OpenAsync(patience: TimeSpan.FromMilliseconds(500));
        using var emitter = _test.Emitter();
        await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);
        await UntilAsync(() => ledger.FinalCheckpoint() is not null);
        await group.LeaveAsync(1);
        var index = await SubmitAsync(ledger, emitter);
        await UntilAsync(() => WitnessProgress.Read(_test.Directory).MissingSince is not null);
        var before = ledger.FinalCheckpoint()!;

        await group.ComeAsync(1);
        await UntilAsync(() => ledger.FinalCheckpoint() is { } final && Checkpoint.Of(final).Size > index);

        Assert.Equal(index, Checkpoint.Of(before).Size);
        Assert.True(group.HasCosigned(1, ledger.FinalCheckpoint()!));
        await UntilAsync(() => WitnessProgress.Read(_test.Directory).MissingSince is null);
        Assert.Contains(_said, line => line.Contains("w1 cosigns again", StringComparison.Ordinal));
        Assert.Contains(_said, line => line.Contains("met again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_not_delivered_before_an_end_is_delivered_by_the_next_process()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 1, "all");
        await group.LeaveAsync(0);
        using var emitter = _test.Emitter();
        await using (var first = await OpenAsync(patience: TimeSpan.FromMilliseconds(100)))
        {
            await first.WaitForCheckpointAsync(await SubmitAsync(first, emitter), Patience, Cancel);
        }

        await group.ComeAsync(0);
        await using var second = await OpenAsync();

        await UntilAsync(() => second.FinalCheckpoint() is not null);
        Assert.Equal(1, Checkpoint.Of(second.FinalCheckpoint()!).Size);
    }

    [Fact]
    public async Task A_ledger_that_ends_gets_its_last_head_cosigned_first()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 2, "all");
        using var emitter = _test.Emitter();
        await using (var ledger = await OpenAsync())
        {
            await SubmitAsync(ledger, emitter);
        }

        Assert.True(_test.Directory.TrustPolicy().Log.Check(PublishedIn(_test.Directory)!).Accepted);
    }

    [Fact]
    public async Task A_ledger_with_checkpoints_takes_witnesses_on_and_lets_go_of_them()
    {
        using var emitter = _test.Emitter();
        await using (var alone = await OpenAsync())
        {
            Assert.Contains("no witness is asked", alone.Standing(await alone.WaitForCheckpointAsync(await SubmitAsync(alone, emitter), Patience, Cancel)).ToString(), StringComparison.Ordinal);
        }

        await using var group = await WitnessGroup.StartAsync(_test, 1, "all");
        await using (var witnessed = await OpenAsync())
        {
            await UntilAsync(() => witnessed.FinalCheckpoint() is not null);
            Assert.Equal(1, Checkpoint.Of(witnessed.FinalCheckpoint()!).Size);
            await group.LeaveAsync(0);
            await SubmitAsync(witnessed, emitter);
            await UntilAsync(() => Checkpoint.Of(witnessed.NewestCheckpoint()!).Size == 2);
            Assert.Equal(1, Checkpoint.Of(PublishedIn(_test.Directory)!).Size);
        }

        File.Delete(_test.Directory.WitnessPolicyPath);
        await using var without = await OpenAsync();
        await UntilAsync(() => Checkpoint.Of(PublishedIn(_test.Directory)!).Size == 2);
    }

    [Fact]
    public async Task Without_a_quorum_cosignatures_are_added_to_what_is_published_already()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 1, "none");
        await using var ledger = await OpenAsync();
        using var emitter = _test.Emitter();

        await SubmitAsync(ledger, emitter);

        await UntilAsync(() => PublishedIn(_test.Directory) is { } note && group.HasCosigned(0, note));
        Assert.StartsWith("no quorum is asked for; cosigned by 2 of 2", ledger.Standing(ledger.FinalCheckpoint()!).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_load_final_checkpoints_keep_coming()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 3, "2");
        await group.LeaveAsync(2);
        await using var ledger = await EmbeddedLedger.OpenAsync(
            _test.Directory, new EmbeddedLedgerOptions { Log = _said.Add, CheckpointEvery = TimeSpan.FromMilliseconds(5), WitnessEvery = TimeSpan.FromMilliseconds(20) }, Cancel);
        using var emitter = _test.Emitter();
        var sizes = new List<long>();

        for (var i = 0; i < 150; i++)
        {
            await SubmitAsync(ledger, emitter);
            await Task.Delay(5, Cancel);
            sizes.Add(ledger.FinalCheckpoint() is { } final ? Checkpoint.Of(final).Size : 0);
        }

        await UntilAsync(() => ledger.FinalCheckpoint() is { } final && Checkpoint.Of(final).Size == 150);
        Assert.True(sizes.Distinct().Count() > 3, $"final checkpoints of sizes {string.Join(", ", sizes.Distinct())} only");
        Assert.Equal([.. sizes.Order()], sizes);
    }

    [Fact]
    public async Task An_older_copy_of_a_ledger_gets_no_cosignature_for_another_history()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 1, "all");
        using var emitter = _test.Emitter();
        await using (var ledger = await OpenAsync())
        {
            await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);
        }

        var copy = Path.Combine(_test.Folder, "copy");
        DirectoryCopy.Make(_test.Directory.Root, copy);
        await using (var ledger = await OpenAsync())
        {
            await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);
        }

        using var other = new TestEmitter(LedgerDirectory.Open(copy), Evidence.SpiffeId.Parse("spiffe://cairn.local/gateway/other"));
        await using var forked = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(copy), new EmbeddedLedgerOptions { Log = _said.Add, WitnessPatience = TimeSpan.FromMilliseconds(300) }, Cancel);
        var note = await forked.WaitForCheckpointAsync(await SubmitAsync(forked, other), Patience, Cancel);
        await UntilAsync(() => _said.Any(line => line.Contains("did not cosign the checkpoint of size 2", StringComparison.Ordinal)));

        Assert.False(forked.Standing(note).IsMet);
        Assert.Equal(1, Checkpoint.Of(forked.FinalCheckpoint()!).Size);
        await UntilAsync(() => Directory.GetFiles(group.Witnesses[0].Directory.ForksPath).Length == 1);
    }

    [Fact]
    public async Task A_witness_that_has_forgotten_what_it_cosigned_is_named()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 1, "all");
        await using var ledger = await OpenAsync();
        using var emitter = _test.Emitter();
        var (memory, backup) = (group.Witnesses[0].Directory.StatePath, Path.Combine(_test.Folder, "backup.db"));
        await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);
        await group.LeaveAsync(0);
        File.Copy(memory, backup);
        await group.ComeAsync(0);
        await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);

        await group.LeaveAsync(0);
        File.Copy(backup, memory, overwrite: true);
        await group.ComeAsync(0);
        await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);

        await UntilAsync(() => { lock (_said) { return _said.Any(line => line.Contains("had cosigned size 2 and now knows 1: it has forgotten", StringComparison.Ordinal)); } });
    }

    [Fact]
    public async Task Last_final_checkpoint_of_an_hour_is_kept_also_within_ten_minutes_and_counts_for_them()
    {
        var clock = new SetClock();
        await using var group = await WitnessGroup.StartAsync(_test, 2, "all", clock);
        using var emitter = _test.Emitter();
        foreach (var minutes in new[] { 0, 5, 12, 16 })
        {
            clock.Now = SetClock.Start.AddMinutes(minutes);
            await using var ledger = await OpenAsync();
            await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);

            // The hour ends behind the second.
            File.SetLastWriteTimeUtc(Path.Combine(_test.Directory.TilesPath, "checkpoint"), DateTime.UtcNow.AddHours(minutes == 5 ? -1 : 1));
        }

        Assert.Equal([1, 2, 4], new AnchorStore(_test.Directory).Sizes());
    }

    [Fact]
    public async Task Final_checkpoints_are_kept_as_anchors_with_their_witnesses_times_and_no_more_than_one_in_ten_minutes()
    {
        var clock = new SetClock();
        await using var group = await WitnessGroup.StartAsync(_test, 2, "all", clock);
        using var emitter = _test.Emitter();
        var anchors = new AnchorStore(_test.Directory);
        foreach (var minutes in new[] { 0, 5, 11, 12, 30 })
        {
            // Each by a process of its own: the rule must hold across them.
            clock.Now = SetClock.Start.AddMinutes(minutes);
            await using var ledger = await OpenAsync();
            await ledger.WaitForCheckpointAsync(await SubmitAsync(ledger, emitter), Patience, Cancel);

            // The last one of an hour is kept besides: the file's time says that no hour ends here.
            File.SetLastWriteTimeUtc(Path.Combine(_test.Directory.TilesPath, "checkpoint"), DateTime.UtcNow.AddHours(1));
        }

        var claims = anchors.Claims(_test.Directory.TrustPolicy());

        Assert.Equal([1, 3, 5], anchors.Sizes());
        Assert.Equal([0, 11, 30], claims.Select(anchor => (int)(anchor.Claims.Where(claim => claim.By == TimeSource.Witness).Min(claim => claim.Time) - SetClock.Start).TotalMinutes));
        Assert.All(claims, anchor => Assert.Equal(2, anchor.Claims.Where(claim => claim.By == TimeSource.Witness).Select(claim => claim.Name.Split('/')[0]).Distinct().Count()));
        Assert.True((await Fsck.RunAsync(_test.Directory, cancellationToken: Cancel)).IsSound);
    }

    [Theory]
    [InlineData("quorum none\n", "no `witness` line")]
    [InlineData("nonsense\n", "policy line 1")]
    public async Task A_policy_that_can_not_be_followed_stops_the_ledger(string text, string reason)
    {
        await File.WriteAllTextAsync(_test.Directory.WitnessPolicyPath, text, Cancel);

        var problem = await Assert.ThrowsAsync<LedgerDirectoryException>(() => OpenAsync());

        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
        Assert.Contains("witness.policy", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_witness_without_a_URL_stops_the_ledger()
    {
        using var witness = new TestWitness();
        await File.WriteAllTextAsync(_test.Directory.WitnessPolicyPath, witness.Directory.PolicyLines(null) + "quorum none\n", Cancel);

        Assert.Contains("has no URL", (await Assert.ThrowsAsync<LedgerDirectoryException>(() => OpenAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trust_policy_of_the_ledger_names_its_witnesses_and_quorum()
    {
        await using var group = await WitnessGroup.StartAsync(_test, 2, "any");

        var policy = Evidence.Trust.TrustPolicy.Parse(_test.Directory.TrustPolicy().Encode());

        Assert.Equal("Q", policy.Log.Quorum);
        Assert.Equal(4, policy.Log.Witnesses.Count);
        Assert.Equal(2, policy.Log.Logs.Count);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<long> SubmitAsync(EmbeddedLedger ledger, TestEmitter emitter) => (await ledger.SubmitAsync([emitter.Next()], Cancel))[0].Index;

    private static SignedNote? PublishedIn(LedgerDirectory directory)
    {
        var path = Path.Combine(directory.TilesPath, "checkpoint");
        return File.Exists(path) ? SignedNote.Parse(File.ReadAllBytes(path)) : null;
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var until = Environment.TickCount64 + 20_000; !holds(); await Task.Delay(20, Cancel))
        {
            Assert.True(Environment.TickCount64 < until, "it did not come about within 20 s");
        }
    }

    private Task<EmbeddedLedger> OpenAsync(TimeSpan? patience = null) => EmbeddedLedger.OpenAsync(
        _test.Directory,
        new EmbeddedLedgerOptions { Log = line => { lock (_said) { _said.Add(line); } }, WitnessEvery = TimeSpan.FromMilliseconds(100), WitnessPatience = patience ?? TimeSpan.FromSeconds(20) },
        Cancel);

    /// <summary>A clock of the witnesses.</summary>
    private sealed class SetClock : TimeProvider
    {
        public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());

        public DateTimeOffset Now { get; set; } = Start;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
