using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Cairn.Broker.Proofs;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Tests;

public sealed class ExchangeTests : IDisposable
{
    private readonly BrokerBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Actors_nest_with_the_newest_outermost_and_every_step_is_a_record_in_a_bundle_that_verifies()
    {
        using var second = HolderKey.Create();
        IssuedToken grant, first, last;
        await using (var broker = await _bench.OpenAsync())
        {
            grant = await _bench.GrantAsync(broker, BrokerBench.Orchestrator);
            first = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, grant.Token) with { Scope = ["pay", "read"], MayAct = BrokerBench.Payments }, BrokerBench.Cancel);
            last = await broker.ExchangeAsync(_bench.Request(BrokerBench.Payments, first.Token, second) with { Audience = ["https://pay.example"], Scope = ["pay"] }, BrokerBench.Cancel);
            await broker.RecordUseAsync(last.Entry, new CredentialUse { Resource = "https://pay.example/v1", Proof = "dpop", By = BrokerBench.Payments }, BrokerBench.Cancel);
        }

        // RFC 8693 §4.1, the last example: {"sub":…,"act":{"sub":newest,"act":{"sub":earlier}}}.
        var claims = Claims(last.Token);
        Assert.Equal("ana@example.org", claims.GetProperty("sub").GetString());
        Assert.Equal("{\"sub\":\"" + BrokerBench.Payments + "\",\"act\":{\"sub\":\"" + BrokerBench.Orchestrator + "\"}}", claims.GetProperty("act").GetRawText());
        Assert.Equal(second.Thumbprint, claims.GetProperty("cnf").GetProperty("jkt").GetString());
        Assert.Equal("""["https://pay.example"]""", claims.GetProperty("aud").GetRawText());
        Assert.Equal("pay", claims.GetProperty("scope").GetString());
        Assert.Equal("DPoP", last.TokenType);
        Assert.Equal($$"""{"sub":"{{BrokerBench.Payments}}"}""", Claims(first.Token).GetProperty("may_act").GetRawText());

        var issued = await _bench.BodiesAsync(RecordKinds.CredentialIssued);
        Assert.Equal([grant.Entry.Id, first.Entry.Id, last.Entry.Id], issued.Select(b => BrokerBench.Text(b, "id")));
        Assert.Equal([grant.Entry.Id, first.Entry.Id], issued.Skip(1).Select(b => BrokerBench.Text(b, "parent")));
        Assert.Equal($"jkt:{second.Thumbprint}", BrokerBench.Text(issued[2], "holder_key"));
        Assert.Equal([BrokerBench.Payments.ToString(), BrokerBench.Orchestrator.ToString()], issued[2].GetProperty("actors").EnumerateArray().Select(a => a.GetString()));
        var used = Assert.Single(await _bench.BodiesAsync(RecordKinds.CredentialUsed));
        Assert.Equal((last.Entry.Id, "dpop"), (BrokerBench.Text(used, "id"), BrokerBench.Text(used, "proof")));

        var report = await _bench.VerifyAsync();
        Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
        AssertNoTokenAnywhere(grant.Token, first.Token, last.Token);
    }

    [Fact]
    public async Task Wider_scope_wider_audience_and_another_actor_are_refused_with_a_record_each()
    {
        await using (var broker = await _bench.OpenAsync())
        {
            var grant = await _bench.GrantAsync(broker, BrokerBench.Orchestrator);
            var request = _bench.Request(BrokerBench.Orchestrator, grant.Token);
            await RefusedAsync(broker, request with { Scope = ["pay", "admin"] }, "invalid_scope");
            await RefusedAsync(broker, request with { Audience = ["https://other.example"] }, "invalid_target");
            await RefusedAsync(broker, request with { Client = BrokerBench.Payments }, "invalid_grant");
            await RefusedAsync(broker, request with { Actor = BrokerBench.Payments }, "unauthorized_client");
            await RefusedAsync(broker, request with { HolderKey = null }, "invalid_request");
            await RefusedAsync(broker, request with { SubjectToken = grant.Token[..^3] + "AAA" }, "invalid_grant");
            await RefusedAsync(broker, request with { SubjectTokenType = "urn:ietf:params:oauth:token-type:saml2" }, "invalid_request");
        }

        var refused = await _bench.BodiesAsync(RecordKinds.CredentialRefused);
        Assert.Equal(
            ["invalid_scope", "invalid_target", "invalid_grant", "unauthorized_client", "invalid_request", "invalid_grant", "invalid_request"],
            refused.Select(b => BrokerBench.Text(b, "error")));
        Assert.True((await _bench.VerifyAsync()).Verified);
    }

    [Fact]
    public async Task Bound_token_is_exchanged_by_its_holder_or_a_gateway_and_by_nobody_who_found_it()
    {
        using var thief = HolderKey.Create();
        await using var broker = await _bench.OpenAsync();
        var grant = await _bench.GrantAsync(broker);
        var token = (await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, grant.Token), BrokerBench.Cancel)).Token;
        await RefusedAsync(broker, _bench.Request(BrokerBench.Payments, token, thief), "invalid_grant");
        var own = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, token) with { Scope = ["read"] }, BrokerBench.Cancel);
        Assert.Equal([BrokerBench.Orchestrator.ToString()], own.Entry.Actors);
        var through = await broker.ExchangeAsync(_bench.Request(BrokerBench.Gateway, token, thief) with { Actor = BrokerBench.Payments }, BrokerBench.Cancel);
        Assert.Equal([BrokerBench.Payments.ToString(), BrokerBench.Orchestrator.ToString()], through.Entry.Actors);
    }

    [Fact]
    public async Task Authority_is_handed_on_only_so_often_and_lives_no_longer_than_what_it_came_from()
    {
        _bench.Settings = _bench.Settings with { MaxDepth = 2, MaxTtlS = 600 };
        await using var broker = await _bench.OpenAsync();
        var grant = await _bench.GrantAsync(broker, ttl: TimeSpan.FromSeconds(30));
        var first = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, grant.Token), BrokerBench.Cancel);
        var second = await broker.ExchangeAsync(_bench.Request(BrokerBench.Orchestrator, first.Token) with { Ttl = TimeSpan.FromSeconds(5) }, BrokerBench.Cancel);
        Assert.Equal(grant.Entry.Expires, first.Entry.Expires);
        Assert.InRange(second.Entry.Expires - second.Entry.Issued, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));
        await RefusedAsync(broker, _bench.Request(BrokerBench.Orchestrator, second.Token), "invalid_grant");
    }

    [Fact]
    public async Task Workload_has_on_its_own_what_a_rule_gives_and_no_more()
    {
        await using var broker = await _bench.OpenAsync();
        using var source = new LocalCredentialSource(broker, BrokerBench.Gateway);
        var demand = new CredentialDemand
        {
            Actor = BrokerBench.Payments, Audience = "https://tools.example", Scope = ["read"], Ttl = TimeSpan.FromMinutes(5), Trace = _bench.Context.Trace, Span = _bench.Context.Span,
        };
        var credential = await source.ObtainAsync(demand, BrokerBench.Cancel);
        Assert.Equal((BrokerBench.Payments.ToString(), "DPoP"), (credential.Subject, credential.TokenType));
        Assert.Empty(credential.Actors);
        Assert.True(await source.IsActiveAsync(credential, BrokerBench.Cancel));
        var proof = DpopProof.Parse(credential.Prove!(HttpMethod.Post, new Uri("https://tools.example/x")));
        Assert.True(proof.IsForToken(credential.Token));
        Assert.Equal(credential.HolderKey, $"jkt:{proof.Key.Thumbprint}");

        await Assert.ThrowsAsync<CredentialRefusedException>(async () => await source.ObtainAsync(demand with { Scope = ["write"] }, BrokerBench.Cancel));
        var refused = await Assert.ThrowsAsync<CredentialRefusedException>(async () => await source.ObtainAsync(demand with { Actor = SpiffeId.Parse("spiffe://cairn.local/other/x") }, BrokerBench.Cancel));
        Assert.Equal("unauthorized_client", refused.Error);

        // Revoked between decision and use.
        await broker.RevokeAsync(credential.Id, "changed my mind", "operator", BrokerBench.Cancel);
        Assert.False(await source.IsActiveAsync(credential, BrokerBench.Cancel));
    }

    [Fact]
    public async Task Grant_is_recorded_before_it_is_given_and_its_token_works_at_no_resource()
    {
        await using var broker = await _bench.OpenAsync();
        var grant = await _bench.GrantAsync(broker);
        Assert.Equal($"""["{_bench.Settings.Issuer}"]""", Claims(grant.Token).GetProperty("aud").GetRawText());
        Assert.Contains(await _bench.RecordsAsync(), r => r.Kind == RecordKinds.CredentialIssued);
        await Assert.ThrowsAsync<CredentialRefusedException>(async () => await _bench.GrantAsync(broker, ttl: TimeSpan.FromDays(400)));
        await Assert.ThrowsAsync<CredentialRefusedException>(async () => await _bench.GrantAsync(broker, audience: []));
    }

    internal static JsonElement Claims(string token) => JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement;

    private static async Task RefusedAsync(CredentialBroker broker, ExchangeRequest request, string error)
    {
        var refused = await Assert.ThrowsAsync<CredentialRefusedException>(async () => await broker.ExchangeAsync(request, BrokerBench.Cancel));
        Assert.Equal(error, refused.Error);
        Assert.DoesNotContain(request.SubjectToken!, refused.Message, StringComparison.Ordinal);
    }

    // The signature is the part that can't be told from the public claims.
    private void AssertNoTokenAnywhere(params string[] tokens)
    {
        var kept = Directory.EnumerateFiles(_bench.Data, "*", SearchOption.AllDirectories).Select(File.ReadAllBytes).Append(Encoding.UTF8.GetBytes(string.Join('\n', _bench.Log))).ToList();
        Assert.All(tokens, token => Assert.All(kept, bytes => Assert.Equal(-1, bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(token.Split('.')[2])))));
    }
}
