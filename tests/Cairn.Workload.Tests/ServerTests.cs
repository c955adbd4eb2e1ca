using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Enrolment;
using Cairn.Identity.Svids;
using Cairn.Workload.Protocol;
using Grpc.Core;

namespace Cairn.Workload.Tests;

public sealed class ServerTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(20));
    private readonly TestAuthority _authority = TestAuthority.Create();

    private CancellationToken Soon => _patience.Token;

    public void Dispose()
    {
        _authority.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task Process_gets_the_identity_of_the_entry_that_covers_it()
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);

        var update = await client.FetchX509Async(Soon);

        var svid = Assert.Single(update.Svids);
        Assert.Equal(TestAuthority.Agent, svid.Id);
        Assert.Equal(_authority.Authority.RootCertificate, update.Bundles.For("example.org")!.X509Authorities.Single().ToArray());
        using var opened = svid.Open();
        Assert.Equal(256, opened.Key.KeySize);
    }

    [Fact]
    public async Task Process_under_two_entries_gets_both_identities_the_older_one_first()
    {
        _authority.Register(TestAuthority.Gateway);
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);

        Assert.Equal([TestAuthority.Gateway, TestAuthority.Agent], (await client.FetchX509Async(Soon)).Svids.Select(svid => svid.Id));
    }

    [Fact]
    public async Task Enrolment_tells_what_the_kernel_says_once_for_each_process()
    {
        var entry = _authority.Register(TestAuthority.Agent, 2);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);
        var updates = 0;
        await foreach (var _ in client.WatchX509Async(Soon))
        {
            if (++updates == 3)
            {
                break;
            }
        }

        var enrolment = Assert.Single(_authority.Enrolled);
        Assert.Equal(entry.Id, enrolment.Entry.Id);
        Assert.Equal(Environment.ProcessId, enrolment.Peer.Pid);
        Assert.Equal(new FileInfo("/proc/self/exe").LinkTarget, enrolment.Peer.Path);
        Assert.Equal(Digest.Sha256(await File.ReadAllBytesAsync("/proc/self/exe", Soon)), enrolment.Peer.Sha256);
    }

    [Fact]
    public async Task Selectors_on_path_and_content_of_the_program_are_told_by_the_kernel()
    {
        var path = new FileInfo("/proc/self/exe").LinkTarget!;
        var sha256 = Digest.Sha256(await File.ReadAllBytesAsync("/proc/self/exe", Soon));
        _authority.Register(TestAuthority.Agent, 60, Selector.Parse($"unix:path:{path}"), Selector.Parse($"unix:sha256:{sha256}"));
        _authority.Register(TestAuthority.Gateway, 60, Selector.Parse($"unix:path:{path}"), Selector.Parse($"unix:sha256:{Digest.Sha256([1])}"));
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);

        Assert.Equal(TestAuthority.Agent, Assert.Single((await client.FetchX509Async(Soon)).Svids).Id);
    }

    [Fact]
    public async Task Process_that_no_entry_covers_is_denied_every_call()
    {
        _authority.Register(TestAuthority.Agent, 60, Selector.Parse("unix:uid:4294967294"));
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);

        Func<Task>[] calls =
        [
            () => client.FetchX509Async(Soon),
            async () => await client.WatchX509BundlesAsync(Soon).GetAsyncEnumerator(Soon).MoveNextAsync(),
            async () => await client.WatchJwtBundlesAsync(Soon).GetAsyncEnumerator(Soon).MoveNextAsync(),
            () => client.FetchJwtAsync(["orders"], null, Soon),
            () => client.ValidateJwtAsync("orders", "a.b.c", Soon),
        ];
        foreach (var call in calls)
        {
            Assert.Equal(WorkloadApiFault.Denied, (await Assert.ThrowsAsync<WorkloadApiException>(call)).Fault);
        }

        Assert.Empty(_authority.Enrolled);
    }

    [Fact]
    public async Task Process_of_another_user_is_another_process()
    {
        Assert.SkipUnless(ChildProcess.IsRoot, "only root can become another user");
        _authority.Register(TestAuthority.Agent, 60, Selector.Parse("unix:uid:0"));
        _authority.Register(TestAuthority.Gateway, 60, Selector.Parse("unix:uid:65533"), Selector.Parse("unix:gid:65533"));
        await using var server = await _authority.ServeAsync();
        File.SetUnixFileMode(_authority.Directory, File.GetUnixFileMode(_authority.Directory) | UnixFileMode.OtherExecute);

        Assert.Equal(TestAuthority.Agent.ToString(), await ChildProcess.FetchAsync(server.Endpoint));
        Assert.Equal(TestAuthority.Gateway.ToString(), await ChildProcess.FetchAsync(server.Endpoint, uid: 65533));
        Assert.Equal("Denied", await ChildProcess.FetchAsync(server.Endpoint, uid: 65534));
        Assert.Contains(_authority.Log, line => line.Contains("uid 65534", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Entry_added_and_removed_while_a_stream_is_open_is_told_on_it()
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);
        await using var updates = client.WatchX509Async(Soon).GetAsyncEnumerator(Soon);
        Assert.True(await updates.MoveNextAsync());

        var added = _authority.Register(TestAuthority.Gateway);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal(2, updates.Current.Svids.Count);

        _authority.Entries.Remove(added.Id);
        Assert.True(await updates.MoveNextAsync());
        Assert.Single(updates.Current.Svids);

        _authority.Entries.Remove(_authority.Entries.All().Single().Id);
        Assert.Equal(WorkloadApiFault.Denied, (await Assert.ThrowsAsync<WorkloadApiException>(async () => await updates.MoveNextAsync())).Fault);
    }

    [Fact]
    public async Task Svid_is_replaced_at_half_of_its_life_with_another_key()
    {
        _authority.Register(TestAuthority.Agent, 2);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);
        await using var updates = client.WatchX509Async(Soon).GetAsyncEnumerator(Soon);

        Assert.True(await updates.MoveNextAsync());
        var first = updates.Current.Svids[0];
        Assert.True(await updates.MoveNextAsync());
        var second = updates.Current.Svids[0];

        Assert.True(DateTimeOffset.UtcNow < first.NotAfter, "the next SVID comes while the first one lasts");
        Assert.False(first.Key.Span.SequenceEqual(second.Key.Span));
    }

    [Fact]
    public async Task Bundles_hold_a_new_root_before_it_signs_and_the_old_one_until_it_is_removed()
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);
        await using var updates = client.WatchX509BundlesAsync(Soon).GetAsyncEnumerator(Soon);
        Assert.True(await updates.MoveNextAsync());
        var old = new Digest(Digest.Sha256(_authority.Authority.RootCertificate).ToArray());

        var next = Identity.RootRotation.Announce(_authority.Directory);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal(2, updates.Current.For("example.org")!.X509Authorities.Count);
        Assert.Equal(old, Digest.Sha256(_authority.Authority.RootCertificate));

        Identity.RootRotation.Promote(_authority.Directory);
        var update = await client.FetchX509Async(Soon);
        Assert.True(Evidence.Statements.SvidChain.Verify([.. update.Svids[0].Chain.Select(der => (ReadOnlyMemory<byte>)der)], TestAuthority.Agent, [next.Certificate], DateTimeOffset.UtcNow).IsGood);

        Identity.RootRotation.Remove(_authority.Directory, old);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal(next.Certificate, updates.Current.For("example.org")!.X509Authorities.Single().ToArray());
    }

    [Fact]
    public async Task Jwt_svid_is_good_for_its_audience_under_the_bundle_that_is_served()
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);

        var svid = Assert.Single(await client.FetchJwtAsync(["orders", "billing"], TestAuthority.Agent, Soon));
        await using var bundles = client.WatchJwtBundlesAsync(Soon).GetAsyncEnumerator(Soon);
        Assert.True(await bundles.MoveNextAsync());
        var verified = JwtSvidValidator.Validate(svid.Token, "orders", bundles.Current, DateTimeOffset.UtcNow);
        var (id, claims) = await client.ValidateJwtAsync("billing", svid.Token, Soon);

        Assert.Equal(TestAuthority.Agent, verified.Id);
        Assert.Equal(TestAuthority.Agent, id);
        Assert.Equal(verified.TokenId, claims.GetProperty("jti").GetString());
        Assert.Equal(WorkloadApiFault.Request, (await Assert.ThrowsAsync<WorkloadApiException>(() => client.ValidateJwtAsync("elsewhere", svid.Token, Soon))).Fault);
    }

    [Fact]
    public async Task Jwt_svid_outlives_the_rotation_of_its_key()
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);
        await using var bundles = client.WatchJwtBundlesAsync(Soon).GetAsyncEnumerator(Soon);
        Assert.True(await bundles.MoveNextAsync());
        var svid = Assert.Single(await client.FetchJwtAsync(["orders"], null, Soon));

        _authority.JwtKeys.Rotate();

        Assert.True(await bundles.MoveNextAsync());
        Assert.Equal(2, bundles.Current.For("example.org")!.JwtAuthorities.Count);
        Assert.Equal(TestAuthority.Agent, JwtSvidValidator.Validate(svid.Token, "orders", bundles.Current, DateTimeOffset.UtcNow).Id);
    }

    [Fact]
    public async Task Jwt_svid_for_no_audience_or_for_an_identity_of_others_is_refused()
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var client = new WorkloadClient(server.Endpoint);

        Assert.Equal(WorkloadApiFault.Request, (await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchJwtAsync([], null, Soon))).Fault);
        Assert.Equal(WorkloadApiFault.Request, (await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchJwtAsync([""], null, Soon))).Fault);
        Assert.Equal(WorkloadApiFault.Denied, (await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchJwtAsync(["orders"], TestAuthority.Gateway, Soon))).Fault);
    }

    [Fact]
    public async Task Svid_is_not_given_when_its_evidence_can_not_be_kept()
    {
        _authority.Register(TestAuthority.Agent);
        var options = _authority.Options() with { Enrolled = (_, _) => throw new IOException("the ledger is away") };
        await using var server = await WorkloadServer.StartAsync(options, Soon);
        using var client = new WorkloadClient(server.Endpoint);

        var refusal = await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchX509Async(Soon));

        Assert.Equal(WorkloadApiFault.Unavailable, refusal.Fault);
        Assert.Contains("the ledger is away", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Socket_of_a_live_server_is_not_taken_over()
    {
        await using var server = await _authority.ServeAsync();

        var refusal = await Assert.ThrowsAsync<WorkloadApiException>(_authority.ServeAsync);

        Assert.Contains("another server", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("True")]
    [InlineData("1")]
    public async Task Request_without_the_security_metadata_is_an_invalid_argument(string? value)
    {
        _authority.Register(TestAuthority.Agent);
        await using var server = await _authority.ServeAsync();
        using var channel = RawClient.Channel(server.Endpoint);
        var api = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel);
        var headers = new Metadata();
        if (value is not null)
        {
            headers.Add("workload.spiffe.io", value);
        }

        var stream = api.FetchX509SVID(new X509SVIDRequest(), headers);
        var first = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(Soon));
        var second = await Assert.ThrowsAsync<RpcException>(async () => await api.FetchJWTSVIDAsync(new JWTSVIDRequest { Audience = { "a" } }, headers));

        Assert.Equal([StatusCode.InvalidArgument, StatusCode.InvalidArgument], [first.StatusCode, second.StatusCode]);
    }
}
