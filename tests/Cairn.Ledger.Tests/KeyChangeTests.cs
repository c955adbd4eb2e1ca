using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Trust;
using Cairn.Ledger.Keys;

namespace Cairn.Ledger.Tests;

/// <summary>The keys of a ledger change while it works (docs/spec/data-directory.md §7).</summary>
public sealed class KeyChangeTests : IDisposable
{
    private static readonly byte[] Both = [KeyType.Ed25519, KeyType.MlDsa44];
    private readonly TestLedger _test = new();
    private readonly TestEmitter _operator;
    private readonly TestEmitter _emitter;

    public KeyChangeTests() => (_operator, _emitter) = (_test.Emitter("/operator/ledger"), _test.Emitter());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LogKeyFiles Files => new(_test.Directory);

    public void Dispose()
    {
        _operator.Dispose();
        _emitter.Dispose();
        _test.Dispose();
    }

    [Fact]
    public async Task Running_ledger_signs_with_new_keys_from_the_next_checkpoint_on_and_with_the_old_ones_until_they_are_retired()
    {
        await using var ledger = await _test.OpenAsync();
        var old = Keys();
        Assert.Equal(old, Signers(await CheckpointAsync(ledger)));

        var rotation = await AnnounceAsync(ledger, Both);
        Assert.Equal(old.Concat(rotation.New), Signers(await CheckpointAsync(ledger)));
        Assert.Equal(old, _test.Directory.TrustPolicy().Log.Logs.Select(log => log.Key));

        var index = await RetireAsync(ledger);
        var succession = await new LogKeyChange(_test.Directory, ledger).WaitAsync(index, TimeSpan.FromSeconds(20), Cancel);
        var after = await CheckpointAsync(ledger);

        Assert.Equal(old.Concat(rotation.New), Signers(succession!.Checkpoint));
        Assert.Equal(rotation.New, Signers(after));
        Assert.Equal(rotation.New, _test.Directory.TrustPolicy().Log.Logs.Select(log => log.Key));
        Assert.All(_test.Directory.TrustPolicy().Log.Retired, one => Assert.Equal(succession.Succession.Size, one.Size));
        await AssertSoundAsync(successions: 1);
    }

    /// <summary>Between each pair of steps the process "dies": nothing after the step runs.</summary>
    [Theory]
    [InlineData("staged")]
    [InlineData("swapped")]
    [InlineData("tiles")]
    [InlineData("checkpoint")]
    [InlineData("succession")]
    [InlineData("promoted-ed25519")]
    [InlineData("promoted-mldsa44")]
    [InlineData("retired")]
    public async Task Crash_after_any_step_of_a_retirement_leaves_one_succession_and_nothing_larger_by_the_old_keys(string step)
    {
        var old = Keys();
        IReadOnlyList<VerifierKey> next;
        await using (var ledger = await _test.OpenAsync())
        {
            next = (await AnnounceAsync(ledger, Both)).New;
        }

        var died = new TaskCompletionSource();
        var dying = new EmbeddedLedgerOptions
        {
            Log = _ => { },
            Step = reached =>
            {
                if (reached == step)
                {
                    died.TrySetResult();
                    throw new LedgerInconsistentException($"dies after {reached}");
                }
            },
        };
        await using (var ledger = await _test.OpenAsync(dying))
        {
            await RetireAsync(ledger);
            await ledger.SubmitAsync([_emitter.Next()], Cancel);
            await died.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }

        await using (var ledger = await _test.OpenAsync())
        {
            await CheckpointAsync(ledger);
            Assert.Equal(next, Signers(await CheckpointAsync(ledger)));
        }

        var succession = Assert.Single(Files.Successions());
        Assert.Equal(old.Concat(next), Signers(succession.Checkpoint));
        await AssertSoundAsync(successions: 1);
    }

    [Fact]
    public async Task Retirement_that_was_recorded_and_cut_short_is_found_again_and_carried_out()
    {
        await using var ledger = await _test.OpenAsync();
        await AnnounceAsync(ledger, Both);
        var change = new LogKeyChange(_test.Directory, ledger);
        var (rotation, _) = await change.RetirementAsync("ops", "test", Cancel);
        Assert.Null(await change.FindRetirementAsync(rotation, Cancel));
        var index = await RecordAsync(ledger, rotation);
        await CheckpointAsync(ledger); // the head is past the record before anybody has begun

        Assert.Equal(index, await change.FindRetirementAsync(rotation, Cancel));
        change.Begin(rotation, index);

        Assert.NotNull(await change.WaitAsync(index, TimeSpan.FromSeconds(20), Cancel));
        Assert.Equal(rotation.New, Signers(await CheckpointAsync(ledger)));
        await AssertSoundAsync(successions: 1);
    }

    [Fact]
    public async Task One_algorithm_s_key_changes_and_the_other_stays()
    {
        await using var ledger = await _test.OpenAsync();
        var old = Keys();
        var rotation = await AnnounceAsync(ledger, [KeyType.MlDsa44]);
        await new LogKeyChange(_test.Directory, ledger).WaitAsync(await RetireAsync(ledger), TimeSpan.FromSeconds(20), Cancel);

        Assert.Equal([old[0], rotation.New[0]], Signers(await CheckpointAsync(ledger)));
        Assert.Equal([old[1]], _test.Directory.TrustPolicy().Log.Retired.Select(one => one.Key));
        await AssertSoundAsync(successions: 1);
    }

    [Fact]
    public async Task Keys_change_again_and_again()
    {
        await using var ledger = await _test.OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            await AnnounceAsync(ledger, Both);
            Assert.NotNull(await new LogKeyChange(_test.Directory, ledger).WaitAsync(await RetireAsync(ledger), TimeSpan.FromSeconds(20), Cancel));
            await CheckpointAsync(ledger);
        }

        Assert.Equal(6, _test.Directory.TrustPolicy().Log.Retired.Count);
        await AssertSoundAsync(successions: 3);
    }

    [Fact]
    public async Task Second_rotation_waits_until_the_first_is_over_and_nothing_is_retired_without_one()
    {
        await using var ledger = await _test.OpenAsync();
        var change = new LogKeyChange(_test.Directory, ledger);
        await Assert.ThrowsAsync<LogKeyChangeException>(() => change.RetirementAsync("ops", "test", Cancel));
        await AnnounceAsync(ledger, Both);

        Assert.Contains("rotated already", (await Assert.ThrowsAsync<LogKeyChangeException>(() => change.AnnounceAsync(Both, "ops", "test", Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotation_that_was_cut_short_before_its_record_goes_on_with_the_same_keys()
    {
        var made = Files.MakeNext(Both);
        await using var ledger = await _test.OpenAsync();

        var (rotation, isRecorded) = await new LogKeyChange(_test.Directory, ledger).AnnounceAsync(Both, "ops", "test", Cancel);

        Assert.False(isRecorded);
        Assert.Equal(made, rotation.New);
    }

    [Fact]
    public async Task Key_file_that_can_not_be_read_stops_signing()
    {
        await using var ledger = await _test.OpenAsync(new EmbeddedLedgerOptions { Log = _ => { } });
        await CheckpointAsync(ledger);
        var path = Path.Combine(_test.Directory.KeysPath, "log.next.ed25519");
        await File.WriteAllTextAsync(path, "no key", Cancel);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        await Assert.ThrowsAsync<LedgerUnavailableException>(() => CheckpointAsync(ledger));
    }

    [Fact]
    public async Task Altered_succession_is_named_by_the_full_check()
    {
        await using (var ledger = await _test.OpenAsync())
        {
            await AnnounceAsync(ledger, Both);
            await new LogKeyChange(_test.Directory, ledger).WaitAsync(await RetireAsync(ledger), TimeSpan.FromSeconds(20), Cancel);
            await CheckpointAsync(ledger);
        }

        var path = Assert.Single(Directory.EnumerateFiles(Path.Combine(_test.Directory.Root, "successions")));
        var kept = Assert.Single(Files.Successions());
        var text = await File.ReadAllTextAsync(path, Cancel);
        await File.WriteAllTextAsync(path, text.Replace($"\"index\":{kept.Index}", $"\"index\":{kept.Index - 1}", StringComparison.Ordinal), Cancel);

        Assert.Contains((await Fsck.RunAsync(_test.Directory, cancellationToken: Cancel)).Problems, problem => problem.Code == "succession-record");
    }

    private async Task<KeyRotation> AnnounceAsync(EmbeddedLedger ledger, byte[] types)
    {
        var (rotation, isRecorded) = await new LogKeyChange(_test.Directory, ledger).AnnounceAsync(types, "ops", "test", Cancel);
        Assert.False(isRecorded);
        await RecordAsync(ledger, rotation);
        return rotation;
    }

    private async Task<long> RetireAsync(EmbeddedLedger ledger)
    {
        var change = new LogKeyChange(_test.Directory, ledger);
        var (rotation, _) = await change.RetirementAsync("ops", "test", Cancel);
        var index = await RecordAsync(ledger, rotation);
        change.Begin(rotation, index);
        return index;
    }

    private async Task<long> RecordAsync(EmbeddedLedger ledger, KeyRotation rotation)
    {
        var now = DateTimeOffset.UtcNow;
        now = now.AddTicks(-(now.Ticks % 10));
        var id = SpiffeId.Parse($"spiffe://{_test.Directory.TrustDomain}/operator/ledger");
        var record = RecordWriter.Write(
            new RecordHeader(RecordId.New(now), RecordKinds.LedgerKeyRotated, now, TraceId.New(), SpanId.New(), null, null, 0, new Actor(id, "test", "owner@example.org")), rotation.WriteTo);
        return (await ledger.SubmitAsync([_operator.Sign([record])], Cancel))[0].Index;
    }

    private async Task<SignedNote> CheckpointAsync(EmbeddedLedger ledger)
    {
        var index = (await ledger.SubmitAsync([_emitter.Next()], Cancel))[0].Index;
        return await ledger.WaitForCheckpointAsync(index, TimeSpan.FromSeconds(20), Cancel);
    }

    private List<VerifierKey> Keys()
    {
        using var keys = Files.Read();
        return [.. keys.Signers.Select(signer => signer.VerifierKey)];
    }

    /// <summary>Those of all keys that were ever the ledger's whose signatures are on the note, each of which verifies.</summary>
    private List<VerifierKey> Signers(SignedNote note)
    {
        var known = Keys().Concat(Files.Successions().SelectMany(one => one.Succession.Old.Concat(one.Succession.New))).Distinct().ToList();
        var signers = known.Where(key => key.Verify(note).Result == NoteCheckResult.Good).ToList();
        Assert.Equal(note.Signatures.Count, signers.Count);
        return [.. note.Signatures.Select(line => signers.Single(key => key.KeyId == line.KeyId))];
    }

    private async Task AssertSoundAsync(int successions)
    {
        Assert.Empty((await Fsck.RunAsync(_test.Directory, cancellationToken: Cancel)).Problems);
        Assert.Equal(successions, Files.Successions().Count);
        Assert.Null(Files.Retirement());
        Assert.DoesNotContain(Directory.EnumerateFiles(_test.Directory.KeysPath), path => Path.GetFileName(path).StartsWith("log.next", StringComparison.Ordinal));
    }
}
