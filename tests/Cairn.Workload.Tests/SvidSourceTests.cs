using Cairn.Identity;

namespace Cairn.Workload.Tests;

public sealed class SvidSourceTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(40));
    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly List<string> _log = [];

    private CancellationToken Soon => _patience.Token;

    public void Dispose()
    {
        _authority.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task Source_gives_the_first_svid_at_once_and_each_next_one_when_it_has_come()
    {
        _authority.Register(TestAuthority.Agent, 2);
        await using var server = await _authority.ServeAsync();
        await using var source = Source(server.Endpoint);

        Assert.Equal(TestAuthority.Agent, await source.IdentifyAsync(Soon));
        using var first = await source.FetchAsync(Soon);
        using var second = await source.FetchAsync(Soon);

        Assert.True(second.NotAfter > first.NotAfter);
    }

    [Fact]
    public async Task Source_without_a_server_says_so_within_its_patience()
    {
        await using var source = Source(WorkloadEndpoint.At(Path.Combine(_authority.Directory, "nobody.sock")));

        var failure = await Assert.ThrowsAsync<SvidUnavailableException>(async () => await source.FetchAsync(Soon));

        Assert.Contains("nobody.sock", failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(_log);
    }

    [Fact]
    public async Task Source_goes_on_after_its_server_was_killed_and_started_again()
    {
        _authority.Register(TestAuthority.Agent, 2);
        using var killed = await ChildProcess.ServeAsync(_authority.Directory);
        await using var source = Source(WorkloadEndpoint.At(Path.Combine(_authority.Directory, "w.sock")));
        using var before = await source.FetchAsync(Soon);

        killed.Kill();
        await killed.WaitForExitAsync(Soon);
        await Assert.ThrowsAsync<SvidUnavailableException>(async () =>
        {
            while (true)
            {
                (await source.FetchAsync(Soon)).Dispose();
            }
        });
        using var restarted = await ChildProcess.ServeAsync(_authority.Directory);
        using var after = await source.FetchAsync(Soon);

        Assert.True(after.NotAfter > before.NotAfter);
        restarted.Kill();
        await restarted.WaitForExitAsync(Soon);
    }

    [Fact]
    public async Task Source_keeps_to_the_identity_it_began_with()
    {
        var own = _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        await using var source = Source(server.Endpoint);
        using var first = await source.FetchAsync(Soon);

        _authority.Entries.Remove(own.Id);
        _authority.Register(TestAuthority.Gateway);
        while (!_log.Any(line => line.Contains("does not give this process", StringComparison.Ordinal)))
        {
            await Task.Delay(20, Soon);
        }

        Assert.Equal(TestAuthority.Agent, first.Id);
        Assert.Equal(TestAuthority.Agent, await source.IdentifyAsync(Soon));
    }

    [Fact]
    public async Task Source_takes_the_identity_that_it_is_told_to_of_several()
    {
        _authority.Register(TestAuthority.Agent);
        _authority.Register(TestAuthority.Gateway);
        await using var server = await _authority.ServeAsync();
        await using var source = new WorkloadSvidSource(server.Endpoint, new WorkloadSourceOptions { Id = TestAuthority.Gateway, Log = Note });

        using var svid = await source.FetchAsync(Soon);

        Assert.Equal(TestAuthority.Gateway, svid.Id);
    }

    private WorkloadSvidSource Source(WorkloadEndpoint endpoint) =>
        new(endpoint, new WorkloadSourceOptions { LongestPause = TimeSpan.FromMilliseconds(400), Patience = TimeSpan.FromSeconds(5), Log = Note });

    private void Note(string message)
    {
        lock (_log)
        {
            _log.Add(message);
        }
    }
}
