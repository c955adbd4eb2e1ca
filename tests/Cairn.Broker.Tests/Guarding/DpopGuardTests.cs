using System.Net;
using Cairn.Broker.Proofs;
using Cairn.Broker.Tests.Endpoints;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Tests.Guarding;

/// <summary>The whole way: a gateway's source, the broker over HTTP, a protected service. RFC 9449 §7, §9; RFC 6750 §3.</summary>
public sealed class DpopGuardTests : IAsyncLifetime
{
    private const string Audience = "https://pay.example";
    private HttpBench _http = null!;
    private HttpCredentialSource _source = null!;

    public async ValueTask InitializeAsync()
    {
        _http = await HttpBench.StartAsync();
        _source = Source();
    }

    public async ValueTask DisposeAsync()
    {
        _source.Dispose();
        await _http.DisposeAsync();
    }

    [Fact]
    public async Task Credential_of_a_broker_elsewhere_opens_the_service_that_it_is_for()
    {
        await using var upstream = await ProtectedUpstream.StartAsync(Options());
        var credential = await ObtainAsync();
        Assert.Equal(("ana@example.org", "DPoP"), (credential.Subject, credential.TokenType));
        Assert.Equal([BrokerBench.Payments.ToString()], credential.Actors);
        Assert.True(await _source.IsActiveAsync(credential, BrokerBench.Cancel));
        var answer = await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove!(HttpMethod.Get, Pay(upstream)));
        Assert.Equal((HttpStatusCode.OK, $"paid for ana@example.org by {BrokerBench.Payments}"), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task Proof_that_is_replayed_or_of_another_request_key_or_token_opens_nothing()
    {
        await using var upstream = await ProtectedUpstream.StartAsync(Options());
        using var thief = HolderKey.Create();
        var (credential, other) = (await ObtainAsync(), await ObtainAsync());
        var pay = Pay(upstream);
        var proof = credential.Prove!(HttpMethod.Get, pay);
        Assert.Equal(HttpStatusCode.OK, (await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, proof)).Status);
        await RefusedAsync("invalid_dpop_proof", proof);
        await RefusedAsync("invalid_dpop_proof", credential.Prove(HttpMethod.Post, pay));
        await RefusedAsync("invalid_dpop_proof", credential.Prove(HttpMethod.Get, new Uri(upstream.Address, "/other")));
        await RefusedAsync("invalid_dpop_proof", other.Prove!(HttpMethod.Get, pay));
        await RefusedAsync("invalid_dpop_proof", thief.Prove(HttpMethod.Get, pay, credential.Token));
        await RefusedAsync("invalid_dpop_proof");
        await RefusedAsync("invalid_dpop_proof", credential.Prove(HttpMethod.Get, pay), credential.Prove(HttpMethod.Get, pay));
        Assert.Equal(HttpStatusCode.OK, (await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove(HttpMethod.Get, pay))).Status);

        async Task RefusedAsync(string error, params string[] proofs)
        {
            var answer = await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, proofs);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
            Assert.StartsWith($"DPoP error=\"{error}\"", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Token_for_another_audience_of_another_issuer_or_stripped_of_its_binding_opens_nothing()
    {
        await using var upstream = await ProtectedUpstream.StartAsync(Options() with { Audience = ["https://mail.example"] });
        await using var mine = await ProtectedUpstream.StartAsync(Options());
        var credential = await ObtainAsync();
        var grant = await _http.GrantAsync();
        await RefusedAsync(upstream, "DPoP", credential.Token, "invalid_token", credential.Prove!(HttpMethod.Get, Pay(upstream)));
        await RefusedAsync(mine, "Bearer", credential.Token, "invalid_token");
        await RefusedAsync(mine, "Bearer", grant.Token, "invalid_token");
        await RefusedAsync(mine, "DPoP", credential.Token[..^2] + "AA", "invalid_token", credential.Prove(HttpMethod.Get, Pay(mine)));
        await RefusedAsync(mine, "DPoP", "not.a.token", "invalid_token");
        var nothing = await mine.SendAsync(HttpMethod.Get, null, null);
        Assert.Equal((HttpStatusCode.Unauthorized, "DPoP algs=\"ES256 RS256 PS256\""), (nothing.Status, nothing.Header("WWW-Authenticate")));
        Assert.Equal(HttpStatusCode.BadRequest, (await mine.SendAsync(HttpMethod.Get, "Basic", "YTpi")).Status);

        static async Task RefusedAsync(ProtectedUpstream upstream, string scheme, string token, string error, params string[] proofs)
        {
            var answer = await upstream.SendAsync(HttpMethod.Get, scheme, token, proofs);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
            Assert.Contains($"error=\"{error}\"", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Scope_that_is_missing_is_forbidden_and_a_nonce_is_demanded_where_the_service_wants_one()
    {
        await using var upstream = await ProtectedUpstream.StartAsync(Options() with { Scope = ["pay", "admin"] });
        var credential = await ObtainAsync();
        var answer = await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove!(HttpMethod.Get, Pay(upstream)));
        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.Contains("insufficient_scope", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);

        using var key = HolderKey.Create();
        await using var strict = await ProtectedUpstream.StartAsync(Options() with { RequireNonce = true });
        var token = await _http.TokenAsync(_http.Svid(BrokerBench.Orchestrator), (await _http.GrantAsync()).Token, key);
        var refused = await strict.SendAsync(HttpMethod.Get, "DPoP", token, key.Prove(HttpMethod.Get, Pay(strict), token));
        Assert.Contains("error=\"use_dpop_nonce\"", refused.Header("WWW-Authenticate"), StringComparison.Ordinal);
        var passed = await strict.SendAsync(HttpMethod.Get, "DPoP", token, key.Prove(HttpMethod.Get, Pay(strict), token, refused.Header("DPoP-Nonce")));
        Assert.Equal(HttpStatusCode.OK, passed.Status);
        Assert.NotNull(passed.Header("DPoP-Nonce"));
    }

    [Theory]
    [InlineData(3, HttpStatusCode.OK)]
    [InlineData(20, HttpStatusCode.Unauthorized)]
    [InlineData(-50, HttpStatusCode.OK)]
    [InlineData(-80, HttpStatusCode.Unauthorized)]
    public async Task Proof_of_a_machine_with_another_clock_passes_within_the_allowed_skew_only(int seconds, HttpStatusCode expected)
    {
        await using var upstream = await ProtectedUpstream.StartAsync(Options());
        var clock = new MovedClock();
        using var key = HolderKey.Create(clock);
        var token = await _http.TokenAsync(_http.Svid(BrokerBench.Orchestrator), (await _http.GrantAsync()).Token, key);
        clock.By = TimeSpan.FromSeconds(seconds);
        Assert.Equal(expected, (await upstream.SendAsync(HttpMethod.Get, "DPoP", token, key.Prove(HttpMethod.Get, Pay(upstream), token))).Status);
    }

    // Revoked between the gateway's decision and the use: the service that introspects sees it, and its question is a record.
    [Fact]
    public async Task Token_revoked_before_its_use_opens_nothing_where_the_service_introspects()
    {
        using var asking = Client(SpiffeId.Parse("spiffe://cairn.local/service/pay"));
        await using var upstream = await ProtectedUpstream.StartAsync(Options() with { Introspection = asking });
        var credential = await ObtainAsync();
        Assert.Equal(HttpStatusCode.OK, (await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove!(HttpMethod.Get, Pay(upstream)))).Status);
        await _http.Server.Broker.RevokeAsync(credential.Id, "changed my mind", "operator", BrokerBench.Cancel);
        Assert.False(await _source.IsActiveAsync(credential, BrokerBench.Cancel));
        Assert.Equal(HttpStatusCode.Unauthorized, (await upstream.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove(HttpMethod.Get, Pay(upstream)))).Status);
        var used = Assert.Single(await _http.Bench.BodiesAsync(RecordKinds.CredentialUsed));
        Assert.Equal(Pay(upstream).GetLeftPart(UriPartial.Path), BrokerBench.Text(used, "resource"));
    }

    [Fact]
    public async Task Broker_that_is_down_gives_nothing_and_a_service_that_needs_it_serves_nothing()
    {
        using var asking = Client(SpiffeId.Parse("spiffe://cairn.local/service/pay"));
        await using var offline = await ProtectedUpstream.StartAsync(Options());
        await using var online = await ProtectedUpstream.StartAsync(Options() with { Introspection = asking });
        await using var late = await ProtectedUpstream.StartAsync(Options());
        var credential = await ObtainAsync();
        Assert.Equal(HttpStatusCode.OK, (await offline.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove!(HttpMethod.Get, Pay(offline)))).Status);
        await _http.Server.DisposeAsync();
        Assert.Equal("unavailable", (await Assert.ThrowsAsync<CredentialRefusedException>(async () => await ObtainAsync(grant: "x"))).Error);
        Assert.Equal("unavailable", (await Assert.ThrowsAsync<CredentialRefusedException>(async () => await _source.IsActiveAsync(credential, BrokerBench.Cancel))).Error);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await online.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove(HttpMethod.Get, Pay(online)))).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await late.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove(HttpMethod.Get, Pay(late)))).Status);

        // Who has the keys already goes on: the signature is enough until the token ends.
        Assert.Equal(HttpStatusCode.OK, (await offline.SendAsync(HttpMethod.Get, "DPoP", credential.Token, credential.Prove(HttpMethod.Get, Pay(offline)))).Status);
        await _http.StartServerAsync();
    }

    [Fact]
    public async Task Old_keys_tokens_open_the_service_after_a_rotation_and_new_keys_are_fetched()
    {
        await using var upstream = await ProtectedUpstream.StartAsync(Options());
        var old = await ObtainAsync();
        Assert.Equal(HttpStatusCode.OK, (await upstream.SendAsync(HttpMethod.Get, "DPoP", old.Token, old.Prove!(HttpMethod.Get, Pay(upstream)))).Status);
        _http.Server.Broker.Keys.Rotate(DateTimeOffset.UtcNow);
        await Task.Delay(TimeSpan.FromSeconds(1.1), BrokerBench.Cancel); // the guard asks for keys once a second at most
        var young = await ObtainAsync();
        Assert.Equal(HttpStatusCode.OK, (await upstream.SendAsync(HttpMethod.Get, "DPoP", young.Token, young.Prove!(HttpMethod.Get, Pay(upstream)))).Status);
        Assert.Equal(HttpStatusCode.OK, (await upstream.SendAsync(HttpMethod.Get, "DPoP", old.Token, old.Prove(HttpMethod.Get, Pay(upstream)))).Status);
    }

    [Fact]
    public async Task Source_asks_for_the_actor_itself_by_rule_and_repeats_a_request_that_needs_a_nonce()
    {
        await using var http = await HttpBench.StartAsync(isTls: true, settings: s => s with { RequireNonce = true });
        byte[] root = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(Path.Combine(http.Bench.Data, "..", "tls.pem")).RawData;
        using var source = new HttpCredentialSource(new BrokerClient(new BrokerClientOptions { Issuer = http.Issuer, Identity = http.Authority.SourceFor(BrokerBench.Gateway), MutualTls = true, ServerRoots = [root] }));
        var demand = new CredentialDemand
        {
            Actor = BrokerBench.Payments, Audience = "https://tools.example", Scope = ["read"], Ttl = TimeSpan.FromSeconds(30), Trace = http.Bench.Context.Trace, Span = http.Bench.Context.Span,
        };
        var credential = await source.ObtainAsync(demand, BrokerBench.Cancel);
        Assert.Equal((BrokerBench.Payments.ToString(), "read"), (credential.Subject, string.Join(' ', credential.Scope)));
        Assert.Empty(credential.Actors);
        Assert.True(await source.IsActiveAsync(credential, BrokerBench.Cancel));
        Assert.Equal("invalid_scope", (await Assert.ThrowsAsync<CredentialRefusedException>(async () => await source.ObtainAsync(demand with { Scope = ["write"] }, BrokerBench.Cancel))).Error);

        // A server whose certificate leads to no root that was given is not spoken to.
        using var wary = new HttpCredentialSource(new BrokerClient(new BrokerClientOptions { Issuer = http.Issuer, Identity = http.Authority.SourceFor(BrokerBench.Gateway), ServerRoots = [http.Authority.RootCertificate] }));
        Assert.Equal("unavailable", (await Assert.ThrowsAsync<CredentialRefusedException>(async () => await wary.ObtainAsync(demand, BrokerBench.Cancel))).Error);
    }

    private static Uri Pay(ProtectedUpstream upstream) => new(upstream.Address, "/pay");

    private DpopGuardOptions Options() => new() { Issuer = _http.Issuer, Audience = [Audience], Scope = ["pay"] };

    private BrokerClient Client(SpiffeId id) => new(new BrokerClientOptions { Issuer = _http.Issuer, Identity = _http.Authority.SourceFor(id), Timeout = TimeSpan.FromSeconds(3) });

    private HttpCredentialSource Source() => new(Client(BrokerBench.Gateway));

    private async Task<IssuedCredential> ObtainAsync(string? grant = null) => await _source.ObtainAsync(
        new CredentialDemand
        {
            Actor = BrokerBench.Payments, SubjectToken = grant ?? (await _http.GrantAsync(BrokerBench.Payments)).Token, Audience = Audience, Scope = ["pay"], Ttl = TimeSpan.FromMinutes(1),
            Trace = _http.Bench.Context.Trace, Span = _http.Bench.Context.Span,
        },
        BrokerBench.Cancel);
}
