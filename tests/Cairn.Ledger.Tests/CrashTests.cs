using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Submissions;
using Cairn.Identity.Files;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Tests;

public class CrashTests
{
    private static readonly CancellationToken Cancel = CancellationToken.None;

    /// <summary>Between each pair of the sequencer's effects the process "dies": nothing after the effect runs.</summary>
    [Theory]
    [InlineData("staged")]
    [InlineData("swapped")]
    [InlineData("tiles")]
    [InlineData("checkpoint")]
    public async Task A_crash_after_any_effect_of_the_sequencer_is_made_good_at_the_next_start(string effect)
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await FillAsync(test, emitter, 300);
        var before = Published(test);
        var died = new TaskCompletionSource();
        var options = new EmbeddedLedgerOptions
        {
            Log = _ => { },
            Step = step =>
            {
                if (step == effect)
                {
                    died.TrySetResult();
                    throw new LedgerInconsistentException($"dies after {step}");
                }
            },
        };
        await using (var ledger = await test.OpenAsync(options))
        {
            await ledger.SubmitAsync([.. Enumerable.Range(0, 300).Select(_ => emitter.Next())], Cancel);
            await died.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }

        await using (var ledger = await test.OpenAsync())
        {
            var after = Checkpoint.Of(await ledger.WaitForCheckpointAsync(599, TimeSpan.FromSeconds(20), Cancel)).Head;
            Assert.True(ConsistencyProof.Verify(before, after, await ledger.Tree().ConsistencyPathAsync(before.Size, after.Size, Cancel)));
        }

        Assert.Empty((await Fsck.RunAsync(test.Directory)).Problems);
        Assert.Empty(Directory.EnumerateFiles(test.Directory.StagingPath));
    }

    /// <summary>SIGKILL between the writing of a file and its renaming leaves the temporary one: the next start takes it away, and no other file.</summary>
    [Fact]
    public async Task What_a_killed_publication_left_half_written_is_removed_at_the_next_start()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await FillAsync(test, emitter, 10);
        var died = new TaskCompletionSource();
        var options = new EmbeddedLedgerOptions
        {
            Log = _ => { },
            Step = step =>
            {
                if (step == "swapped")
                {
                    died.TrySetResult();
                    throw new LedgerInconsistentException($"dies after {step}");
                }
            },
        };
        await using (var ledger = await test.OpenAsync(options))
        {
            await ledger.SubmitAsync([emitter.Next()], Cancel);
            await died.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }

        string[] left = ["tile/0/000.p/11", "tile/entries/000.p/11", "checkpoint"];
        foreach (var name in left.Select(name => $"{name}.{Guid.NewGuid():N}.tmp"))
        {
            await File.WriteAllBytesAsync(Path.Combine(test.Directory.TilesPath, name), [1, 2]);
        }

        await File.WriteAllBytesAsync(Path.Combine(test.Directory.StagingPath, $"{99:d20}.{Guid.NewGuid():N}.tmp"), [0, 9]);
        var stranger = Path.Combine(test.Directory.TilesPath, "checkpoint.note-of-the-operator.tmp");
        await File.WriteAllTextAsync(stranger, "not ours");

        await FillAsync(test, emitter, 10);

        Assert.Equal("stray-file", Assert.Single((await Fsck.RunAsync(test.Directory)).Problems).Code);
        File.Delete(stranger);
        Assert.Empty((await Fsck.RunAsync(test.Directory)).Problems);
        Assert.Empty(Directory.EnumerateFiles(test.Directory.StagingPath));
    }

    [Fact]
    public async Task A_torn_staging_file_that_was_never_decided_on_is_dropped()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await FillAsync(test, emitter, 10);
        await File.WriteAllBytesAsync(Path.Combine(test.Directory.StagingPath, 99.ToString("d20")), [0, 9, 1]);

        await FillAsync(test, emitter, 10);

        Assert.Empty((await Fsck.RunAsync(test.Directory)).Problems);
        Assert.Empty(Directory.EnumerateFiles(test.Directory.StagingPath));
    }

    [Theory]
    [InlineData("tile/0/000.p/10")]
    [InlineData("tile/entries/000.p/10")]
    public async Task A_flipped_bit_below_the_head_stops_the_next_signature_and_names_the_place(string file)
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await FillAsync(test, emitter, 10);
        var head = Published(test);
        var path = Path.Combine(test.Directory.TilesPath, file);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        await using var ledger = await test.OpenAsync(new EmbeddedLedgerOptions { Log = _ => { } });
        await ledger.SubmitAsync([emitter.Next()], Cancel);
        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => ledger.WaitForCheckpointAsync(10, TimeSpan.FromSeconds(20), Cancel));

        Assert.True(refused.Message.Contains("root", StringComparison.Ordinal) || refused.Message.Contains("entry 9", StringComparison.Ordinal), refused.Message);
        Assert.Equal(head, Published(test));
    }

    [Fact]
    public async Task A_journal_restored_from_before_the_last_checkpoint_is_refused()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await FillAsync(test, emitter, 10);
        File.Copy(test.Directory.JournalPath, test.Directory.JournalPath + ".backup");
        await FillAsync(test, emitter, 10);
        foreach (var leftover in new[] { "-wal", "-shm" })
        {
            File.Delete(test.Directory.JournalPath + leftover);
        }

        File.Move(test.Directory.JournalPath + ".backup", test.Directory.JournalPath, overwrite: true);

        await using var ledger = await test.OpenAsync(new EmbeddedLedgerOptions { Log = _ => { } });
        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => ledger.WaitForCheckpointAsync(25, TimeSpan.FromSeconds(20), Cancel));
        Assert.Contains("the journal is older than what was published", refused.Message);
    }

    [Fact]
    public async Task Only_the_holder_of_the_lock_makes_checkpoints_and_the_other_goes_on_when_it_ends()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        var held = FileLock.TryTake(Path.Combine(test.Directory.Root, "sequencer.lock"));
        await using var ledger = await test.OpenAsync();
        await ledger.SubmitAsync([emitter.Next()], Cancel);
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => ledger.WaitForCheckpointAsync(0, TimeSpan.FromMilliseconds(600), Cancel));

        held!.Dispose();

        Assert.Equal(1, Checkpoint.Of(await ledger.WaitForCheckpointAsync(0, TimeSpan.FromSeconds(20), Cancel)).Size);
    }

    [Fact]
    public async Task A_full_disk_refuses_the_statement_and_takes_it_when_there_is_room_again()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await FillAsync(test, emitter, 5);
        await using var ledger = await test.OpenAsync();
        var large = emitter.Sign([.. Enumerable.Range(0, 3000).Select(_ => (ReadOnlyMemory<byte>)emitter.Record())]);
        ledger.LimitPages(1);

        var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.SubmitAsync([large], Cancel));
        Assert.Contains("the disk is full", refused.Message);
        ledger.LimitPages(1_000_000);

        Assert.Equal(5, (await ledger.SubmitAsync([large], Cancel))[0].Index);
        await ledger.WaitForCheckpointAsync(5, TimeSpan.FromSeconds(20), Cancel);
        Assert.Empty((await Fsck.RunAsync(test.Directory)).Problems);
    }

    [Fact]
    public async Task A_clock_that_goes_back_never_makes_a_newer_checkpoint_look_older()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        var times = new List<DateTimeOffset>();
        foreach (var now in new[] { 2_000_000_000L, 1_900_000_000L, 2_000_000_100L })
        {
            await using var ledger = await test.OpenAsync(new EmbeddedLedgerOptions { Time = new FixedTime(DateTimeOffset.FromUnixTimeSeconds(now)) });
            var index = (await ledger.SubmitAsync([emitter.Next()], Cancel))[0].Index;
            var note = await ledger.WaitForCheckpointAsync(index, TimeSpan.FromSeconds(20), Cancel);
            var key = test.Directory.TrustPolicy().Log.Logs.Single(log => log.Key.Type == KeyType.MlDsa44).Key;
            times.Add(key.Verify(note).Time!.Value);
        }

        Assert.Equal(times.Order(), times);
        Assert.Equal(times[0], times[1]);
    }

    private static async Task FillAsync(TestLedger test, TestEmitter emitter, int count)
    {
        await using var ledger = await test.OpenAsync();
        var acknowledged = await ledger.SubmitAsync([.. Enumerable.Range(0, count).Select(_ => emitter.Next())], Cancel);
        await ledger.WaitForCheckpointAsync(acknowledged[^1].Index, TimeSpan.FromSeconds(20), Cancel);
    }

    private static TreeHead Published(TestLedger test) =>
        Checkpoint.Of(SignedNote.Parse(File.ReadAllBytes(Path.Combine(test.Directory.TilesPath, "checkpoint")))).Head;

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
