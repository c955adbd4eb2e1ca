using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Submissions;
using Cairn.Identity;
using Cairn.Ledger.Timestamps;

namespace Cairn.Ledger.Tests;

/// <summary>A key is revoked while ledgers on its directory are open.</summary>
public class KeyRevocationTests
{
    [Fact]
    public async Task Statement_under_a_revoked_key_is_refused_also_by_a_ledger_that_had_found_it_good()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var lost = test.Emitter();
        using var other = test.Emitter();
        await ledger.SubmitAsync([lost.Next(), other.Next()], default);
        var keys = await new EmitterKeys(ledger).OfAsync(SpiffeId.Parse($"spiffe://{test.Directory.TrustDomain}/gateway/test"), TestContext.Current.CancellationToken);

        RevokedKeys.Add(test.Directory.KeysPath, [new RefusedKey(keys[0].Key, "", DateTimeOffset.UtcNow)]);
        await Task.Delay(EmbeddedLedger.RootNotice, TestContext.Current.CancellationToken);

        var refusal = await Assert.ThrowsAsync<SubmissionRejectedException>(async () => await ledger.SubmitAsync([lost.Next()], default));
        Assert.Equal("key-revoked", refusal.Code);
        Assert.Contains(keys[0].Key.ToString(), refusal.Message, StringComparison.Ordinal);
        await ledger.SubmitAsync([other.Next()], default);
        await ledger.WaitForCheckpointAsync(2, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal([(0L, 1L), (1L, 1L)], keys.Select(key => (key.First, key.Statements)));
        Assert.True((await Fsck.RunAsync(test.Directory, null, TestContext.Current.CancellationToken)).IsSound);
    }

    [Fact]
    public async Task List_of_revoked_keys_that_can_not_be_read_stops_the_ledger()
    {
        using var test = new TestLedger();
        await File.WriteAllTextAsync(Path.Combine(test.Directory.KeysPath, RevokedKeys.FileName), "[{]", TestContext.Current.CancellationToken);

        Assert.Contains(RevokedKeys.FileName, (await Assert.ThrowsAsync<LedgerDirectoryException>(() => test.OpenAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Last_checkpoint_of_an_hour_is_kept_when_the_next_takes_its_place()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        await using (var ledger = await test.OpenAsync())
        {
            await ledger.SubmitAsync([emitter.Next()], default);
            await ledger.WaitForCheckpointAsync(0, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }

        var published = Path.Combine(test.Directory.TilesPath, "checkpoint");
        var before = await File.ReadAllBytesAsync(published, TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(published, DateTime.UtcNow.AddHours(-1));
        await using (var ledger = await test.OpenAsync())
        {
            await ledger.SubmitAsync([emitter.Next()], default);
            await ledger.WaitForCheckpointAsync(1, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }

        var anchors = new AnchorStore(test.Directory);
        Assert.Equal(before, anchors.Find(Checkpoint.Of(SignedNote.Parse(before)).Size)!.Note);
        Assert.Contains(anchors.Claims(test.Directory.TrustPolicy()), anchor => anchor.Size == 1 && anchor.Claims.Count == 1);
    }
}
