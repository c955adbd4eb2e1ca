using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Identity;

namespace Cairn.Ledger.Tests;

/// <summary>An authority gets another key while ledgers on its directory are open.</summary>
public class RootChangeTests
{
    [Fact]
    public async Task Statement_under_a_new_root_is_taken_by_a_ledger_that_was_open_before()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var before = test.Emitter();
        await ledger.SubmitAsync([before.Next()], default);

        RootRotation.Announce(test.Directory.KeysPath);
        RootRotation.Promote(test.Directory.KeysPath);
        await Task.Delay(EmbeddedLedger.RootNotice, TestContext.Current.CancellationToken);
        using var after = test.Emitter();
        await ledger.SubmitAsync([after.Next(), before.Next()], default);

        Assert.Equal(3, ledger.Count());
        Assert.Equal(2, test.Directory.TrustPolicy().Roots.Count);
    }

    [Fact]
    public async Task Statement_under_a_removed_root_is_refused_also_by_a_ledger_that_had_found_it_good()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var old = test.Emitter();
        await ledger.SubmitAsync([old.Next()], default);
        var root = Digest.Sha256(test.Directory.TrustPolicy().Roots.Single().Certificate.Span);
        RootRotation.Announce(test.Directory.KeysPath);
        RootRotation.Promote(test.Directory.KeysPath);
        using var present = test.Emitter();

        RootRotation.Remove(test.Directory.KeysPath, root);
        await Task.Delay(EmbeddedLedger.RootNotice, TestContext.Current.CancellationToken);

        var refusal = await Assert.ThrowsAsync<SubmissionRejectedException>(async () => await ledger.SubmitAsync([old.Next()], default));
        Assert.Equal("unknown-emitter", refusal.Code);
        await ledger.SubmitAsync([present.Next()], default);
        Assert.Equal(2, ledger.Count());
        await ledger.WaitForCheckpointAsync(1, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.True((await Fsck.RunAsync(test.Directory, null, TestContext.Current.CancellationToken)).IsSound);
    }
}
