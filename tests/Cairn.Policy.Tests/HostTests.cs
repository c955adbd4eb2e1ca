using System.Collections.Concurrent;
using Cairn.Evidence;
using Cairn.Policy.Bundles;
using Cairn.Policy.Storage;

namespace Cairn.Policy.Tests;

public sealed class HostTests
{
    private const string AllowAll = """@id("all") permit (principal, action, resource);""";
    private const string DenyAll = """@id("none") forbid (principal, action, resource);""";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_decides_under_a_folder_and_says_all_that_a_record_needs()
    {
        using var folder = new TemporaryFolder();
        await using var host = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = folder.Bundle(AllowAll), Watch = false }, Cancel);

        var decision = await host.DecideAsync(Bundle.Request(), Cancel);

        Assert.Equal(PolicyOutcome.Allow, decision.Outcome);
        Assert.Equal(BundleFiles.FromFolder(folder.Path).Digest, decision.Bundle);
        Assert.Equal(("1", "authorize", PolicyMode.Enforce), (decision.Version, decision.EntryPoint, decision.Mode));
        Assert.Equal("cedar", decision.Engine.Name);
        Assert.True(decision.Duration > TimeSpan.Zero);
        Assert.True(Evaluation.PolicyEvaluator.Recompute(host.Current.Bundle, Engine.CedarModule.Shared, decision.Input).Outcome == PolicyOutcome.Allow);
    }

    [Fact]
    public async Task Bundle_that_cannot_be_used_opens_no_host_and_names_file_and_line()
    {
        using var folder = new TemporaryFolder();
        folder.Bundle("\npermit (principal, action, resource);");

        var problem = await Assert.ThrowsAsync<PolicyBundleException>(async () => await PolicyHost.OpenAsync(new PolicyHostOptions { Path = folder.Path }, Cancel));

        Assert.StartsWith("policies.cedar:2: expected an annotation @id", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Path_with_no_bundle_says_what_was_looked_for()
    {
        using var folder = new TemporaryFolder();

        var problem = await Assert.ThrowsAsync<PolicyBundleException>(async () => await PolicyHost.OpenAsync(new PolicyHostOptions { Path = folder.Path }, Cancel));

        Assert.Contains("neither a bundle's folder (no bundle.json) nor a data directory with a policy (no policies/current)", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changed_bundle_is_announced_before_it_decides_and_then_decides()
    {
        using var folder = new TemporaryFolder();
        var changes = new List<BundleChange>();
        await using var host = await PolicyHost.OpenAsync(
            new PolicyHostOptions { Path = folder.Bundle(AllowAll), Watch = false, Changing = (change, _) => { changes.Add(change); return default; } }, Cancel);
        var first = host.Current;
        folder.Bundle(DenyAll);

        Assert.True(await host.ReloadAsync(Cancel));
        Assert.False(await host.ReloadAsync(Cancel));

        Assert.Equal(PolicyOutcome.Deny, (await host.DecideAsync(Bundle.Request(), Cancel)).Outcome);
        Assert.Equal([null, first.Digest], changes.Select(c => c.Replaces));
        Assert.Equal([first.Digest, host.Current.Digest], changes.Select(c => c.Digest!.Value));
        Assert.All(changes, c => Assert.True(c is { Loaded: true, Name: "test", Version: "1" }));
        Assert.True(first.IsFreed);
    }

    [Fact]
    public async Task Bad_bundle_is_rejected_with_its_errors_and_the_old_one_stays()
    {
        using var folder = new TemporaryFolder();
        var changes = new List<BundleChange>();
        await using var host = await PolicyHost.OpenAsync(
            new PolicyHostOptions { Path = folder.Bundle(AllowAll), Watch = false, Changing = (change, _) => { changes.Add(change); return default; } }, Cancel);
        folder.Bundle("permit (principal, action, resource)");

        Assert.False(await host.ReloadAsync(Cancel));

        Assert.Equal(PolicyOutcome.Allow, (await host.DecideAsync(Bundle.Request(), Cancel)).Outcome);
        var rejected = changes[^1];
        Assert.False(rejected.Loaded);
        Assert.Equal(host.Current.Digest, rejected.Replaces);
        Assert.StartsWith("policies.cedar:1:", Assert.Single(rejected.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_that_cannot_be_recorded_does_not_happen()
    {
        using var folder = new TemporaryFolder();
        using var log = new StringWriter();
        var refuse = false;
        await using var host = await PolicyHost.OpenAsync(
            new PolicyHostOptions { Path = folder.Bundle(AllowAll), Watch = false, Log = log, Changing = (_, _) => refuse ? throw new IOException("no evidence") : default }, Cancel);
        refuse = true;
        folder.Bundle(DenyAll);

        Assert.False(await host.ReloadAsync(Cancel));

        Assert.Equal(PolicyOutcome.Allow, (await host.DecideAsync(Bundle.Request(), Cancel)).Outcome);
        Assert.Contains("no evidence", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watched_folder_is_taken_into_use_by_itself()
    {
        using var folder = new TemporaryFolder();
        await using var host = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = folder.Bundle(AllowAll) }, Cancel);
        folder.Bundle(DenyAll);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await host.DecideAsync(Bundle.Request(), patience.Token)).Outcome != PolicyOutcome.Deny)
        {
            await Task.Delay(50, patience.Token);
        }
    }

    [Fact]
    public async Task Store_keeps_every_bundle_and_the_host_follows_its_pointer_and_mode()
    {
        using var data = new TemporaryFolder();
        var store = PolicyStore.Open(data.Path);
        Assert.Null(store.Current());
        var (first, second) = (Bundle.Files(AllowAll), Bundle.Files(DenyAll));
        store.Push(first, PolicyMode.Shadow);
        await using var host = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = data.Path, Watch = false }, Cancel);
        Assert.Equal((first.Digest, PolicyMode.Shadow), (host.Current.Digest, host.Current.Mode));

        store.Push(first, null);
        Assert.True(await host.ReloadAsync(Cancel));
        Assert.Equal((first.Digest, PolicyMode.Enforce), (host.Current.Digest, host.Current.Mode));

        store.Push(second, null);
        Assert.True(await host.ReloadAsync(Cancel));
        Assert.Equal(second.Digest, host.Current.Digest);
        Assert.Equal(new[] { first.Digest, second.Digest }.Order(Comparer<Digest>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))),
            store.List().Select(s => s.Digest).Order(Comparer<Digest>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))));
        Assert.Equal(first.Digest, store.Find(first.Digest)!.Digest);
    }

    [Fact]
    public void Stored_bundle_that_was_altered_is_refused()
    {
        using var data = new TemporaryFolder();
        var store = PolicyStore.Open(data.Path);
        var files = Bundle.Files(AllowAll);
        store.Push(files, null);
        File.WriteAllBytes(data[$"policies/{files.Digest}.cairn-policy"], Bundle.Files(DenyAll).Seal().ToArray());

        Assert.Contains("it was altered", Assert.Throws<PolicyBundleException>(() => store.Find(files.Digest)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"bundle":"sha256:12"}""")]
    [InlineData("""{"bundle":"md5:00000000000000000000000000000000"}""")]
    [InlineData("""{"bundle":"sha256:0000000000000000000000000000000000000000000000000000000000000000","mode":"off"}""")]
    public void Pointer_that_is_none_is_an_error_and_never_no_policy(string text)
    {
        using var data = new TemporaryFolder();
        Directory.CreateDirectory(data["policies"]);
        File.WriteAllText(data["policies/current"], text);

        Assert.Throws<PolicyBundleException>(() => PolicyStore.Open(data.Path).Current());
    }

    /// <summary>Three bundles of which each allows one tool alone: a decision that mixes two of them could not name one.</summary>
    [Fact]
    public async Task Thousand_parallel_calls_with_reloads_in_between_are_each_decided_under_one_bundle()
    {
        using var data = new TemporaryFolder();
        var store = PolicyStore.Open(data.Path);
        var bundles = Enumerable.Range(0, 3).Select(i => Bundle.Files($"@id(\"only{i}\") permit (principal, action, resource == Tool::\"bank/tool{i}\");")).ToList();
        store.Push(bundles[0], null);
        var loaded = new ConcurrentBag<LoadedBundle>();
        await using var host = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = data.Path, Watch = false }, Cancel);
        loaded.Add(host.Current);
        using var stop = new CancellationTokenSource();

        var reloads = Task.Run(
            async () =>
            {
                for (var i = 1; !stop.IsCancellationRequested; i++)
                {
                    store.Push(bundles[i % 3], null);
                    await host.ReloadAsync(Cancel);
                    loaded.Add(host.Current);
                }
            },
            Cancel);
        // As many rounds as it takes until there was a reload in between: decisions are faster than reloads.
        for (var round = 0; round < 3 || (round < 300 && loaded.Distinct().Count() < 3); round++)
        {
            var decisions = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Task.Run(async () => (Tool: i % 3, Decision: await host.DecideAsync(Bundle.Request($"tool{i % 3}"), Cancel)))));
            foreach (var (tool, decision) in decisions)
            {
                var under = bundles.FindIndex(b => b.Digest == decision.Bundle);
                Assert.Empty(decision.Errors);
                Assert.Equal(tool == under ? PolicyOutcome.Allow : PolicyOutcome.Deny, decision.Outcome);
                Assert.Equal(tool == under ? [$"only{under}"] : [], decision.Determining);
            }
        }

        await stop.CancelAsync();
        await reloads;
        Assert.True(loaded.Distinct().Count() > 2);
        Assert.All(loaded.Where(l => l != host.Current), l => Assert.True(l.IsFreed));
        Assert.True(host.Current.Evaluator.InstancesMade <= Math.Max(2, Environment.ProcessorCount));
    }

    [Fact]
    public async Task Host_that_ended_decides_nothing()
    {
        using var folder = new TemporaryFolder();
        var host = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = folder.Bundle(AllowAll) }, Cancel);
        await host.DisposeAsync();
        await host.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await host.DecideAsync(Bundle.Request(), Cancel));
    }
}
