using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity;
using Cairn.Identity.Enrolment;
using Cairn.Identity.Files;

namespace Cairn.Server.Tests;

public sealed class EnrolmentTests : IDisposable
{
    private readonly ServerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Enrolment_takes_the_join_token_once_and_the_key_afterwards()
    {
        await using var server = await _bench.ServeAsync();
        using (var stranger = _bench.Identity(server.Address, "wrong"))
        {
            var refused = await Assert.ThrowsAsync<SvidUnavailableException>(async () => await stranger.FetchAsync(ServerBench.Cancel));
            Assert.Contains("join token", refused.Message, StringComparison.Ordinal);
        }

        using (var joining = _bench.Identity(server.Address, _bench.JoinToken))
        {
            using var svid = await joining.FetchAsync(ServerBench.Cancel);
            Assert.Equal(ServerBench.Agent, svid.Id);
        }

        using var renewing = _bench.Identity(server.Address, null);
        using var renewed = await renewing.FetchAsync(ServerBench.Cancel);
        Assert.NotNull(renewing.AccessToken);
    }

    [Fact]
    public async Task Enrolment_is_a_record_before_the_certificate_leaves_and_a_renewal_or_a_refusal_is_none()
    {
        Svid svid;
        await using (var server = await _bench.ServeAsync())
        {
            using var stranger = _bench.Identity(server.Address, "wrong", SpiffeId.Parse("spiffe://cairn.local/agent/b"), folder: "stranger");
            await Assert.ThrowsAsync<SvidUnavailableException>(async () => await stranger.FetchAsync(ServerBench.Cancel));
            Assert.Empty(await _bench.AllRecordsAsync());
            using var joining = _bench.Identity(server.Address, _bench.JoinToken);
            svid = await joining.FetchAsync(ServerBench.Cancel);
            Assert.Single(await _bench.AllRecordsAsync(), r => r.Kind == RecordKinds.LedgerEnrolled);
            using var renewing = _bench.Identity(server.Address, null);
            (await renewing.FetchAsync(ServerBench.Cancel)).Dispose();
        }

        var records = await _bench.AllRecordsAsync();
        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.LedgerEnrolled, RecordKinds.TaskEnded], records.Select(r => r.Kind));
        Assert.All(records, r => Assert.Equal("spiffe://cairn.local/operator/ledger", r.Actor.Id.ToString()));
        var enrolled = records[1].Body;
        Assert.Equal(
            [ServerBench.Agent.ToString(), "agent", "join-token", Digest.Sha256(svid.Key.ExportSubjectPublicKeyInfo()).ToString()],
            new[] { "emitter", "role", "method", "key" }.Select(name => enrolled.GetProperty(name).GetString()));
        Assert.Equal(svid.NotAfter, DateTimeOffset.Parse(enrolled.GetProperty("expires").GetString()!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(3, records[2].Body.GetProperty("emitters")[0].GetProperty("records").GetInt32());
        svid.Dispose();
    }

    [Fact]
    public async Task Revoked_key_is_given_no_certificate_and_its_token_reads_nothing_but_the_id_can_join_with_another_key()
    {
        await using var server = await _bench.ServeAsync();
        using var lost = _bench.Identity(server.Address, _bench.JoinToken);
        using var svid = await lost.FetchAsync(ServerBench.Cancel);
        var keys = Path.Combine(_bench.Data, "keys");

        RevokedKeys.Add(keys, [new RefusedKey(Digest.Sha256(svid.Key.ExportSubjectPublicKeyInfo()), svid.Id.ToString(), DateTimeOffset.UtcNow)]);

        var refused = await Assert.ThrowsAsync<SvidUnavailableException>(async () => await lost.FetchAsync(ServerBench.Cancel));
        Assert.Contains("was revoked", refused.Message, StringComparison.Ordinal);
        using (var http = new HttpClient { BaseAddress = server.Address, DefaultRequestHeaders = { Authorization = new("Bearer", lost.AccessToken) } })
        {
            Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri($"/v1/trails/{TraceId.New()}/counts", UriKind.Relative), ServerBench.Cancel)).StatusCode);
        }

        using var another = _bench.Identity(server.Address, _bench.JoinToken, folder: "another");
        using var given = await another.FetchAsync(ServerBench.Cancel);
        Assert.Equal(svid.Id, given.Id);
    }

    [Fact]
    public async Task Join_token_made_for_one_id_joins_that_id_once()
    {
        await using var server = await _bench.ServeAsync();
        var token = new JoinTokens(Path.Combine(_bench.Data, "keys")).Make(ServerBench.Agent, TimeSpan.FromMinutes(5));
        using (var other = _bench.Identity(server.Address, token, SpiffeId.Parse("spiffe://cairn.local/agent/other"), folder: "other"))
        {
            await Assert.ThrowsAsync<SvidUnavailableException>(async () => await other.FetchAsync(ServerBench.Cancel));
        }

        using (var joining = _bench.Identity(server.Address, token))
        {
            (await joining.FetchAsync(ServerBench.Cancel)).Dispose();
            (await joining.FetchAsync(ServerBench.Cancel)).Dispose(); // by its key now: the token is used up
        }

        Assert.False(new JoinTokens(Path.Combine(_bench.Data, "keys")).Use(token, ServerBench.Agent));
    }

    [Fact]
    public async Task Id_that_another_key_has_is_not_given_away_even_with_the_join_token()
    {
        await using var server = await _bench.ServeAsync();
        using var first = _bench.Identity(server.Address, _bench.JoinToken);
        (await first.FetchAsync(ServerBench.Cancel)).Dispose();
        using var second = _bench.Identity(server.Address, _bench.JoinToken, folder: "other-machine");
        var refused = await Assert.ThrowsAsync<SvidUnavailableException>(async () => await second.FetchAsync(ServerBench.Cancel));
        Assert.Contains("another key", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spiffe://cairn.local/importer/cloudtrail")]
    [InlineData("spiffe://cairn.local/operator/root")]
    [InlineData("spiffe://cairn.local/unknown/x")]
    [InlineData("spiffe://elsewhere.example/agent/a")]
    public async Task Ids_that_carry_more_weight_than_an_agents_can_not_be_had_by_token(string id)
    {
        await using var server = await _bench.ServeAsync();
        using var identity = _bench.Identity(server.Address, _bench.JoinToken, SpiffeId.Parse(id));
        var refused = await Assert.ThrowsAsync<SvidUnavailableException>(async () => await identity.FetchAsync(ServerBench.Cancel));
        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kept_certificate_is_used_while_the_server_is_away()
    {
        Uri address;
        await using (var server = await _bench.ServeAsync())
        {
            address = server.Address;
            using var joining = _bench.Identity(address, _bench.JoinToken);
            (await joining.FetchAsync(ServerBench.Cancel)).Dispose();
        }

        using var alone = _bench.Identity(address, null);
        using var svid = await alone.FetchAsync(ServerBench.Cancel);
        Assert.True(svid.NotAfter > DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Tokens_keys_and_enrolments_are_readable_by_their_owner_only()
    {
        await using var server = await _bench.ServeAsync();
        using var identity = _bench.Identity(server.Address, _bench.JoinToken);
        (await identity.FetchAsync(ServerBench.Cancel)).Dispose();
        string[] secrets =
        [
            Path.Combine(_bench.Data, "enrol.token"), Path.Combine(_bench.Data, "read.token"), Path.Combine(_bench.Data, "enrolments.jsonl"),
            .. Directory.GetFiles(Path.Combine(_bench.Folder, "client", "identity")),
        ];
        Assert.All(secrets, s => Assert.Equal(DurableFile.OwnerOnly, File.GetUnixFileMode(s)));
        Assert.DoesNotContain(identity.AccessToken!, File.ReadAllText(Path.Combine(_bench.Data, "enrolments.jsonl")), StringComparison.Ordinal);
    }
}
