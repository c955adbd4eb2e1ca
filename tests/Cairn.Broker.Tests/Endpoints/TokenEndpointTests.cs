using System.Net;
using System.Text;
using Cairn.Broker.Proofs;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;
using Cairn.Identity;

namespace Cairn.Broker.Tests.Endpoints;

public sealed class TokenEndpointTests(HttpFixture fixture) : IClassFixture<HttpFixture>
{
    private readonly HttpBench _http = fixture.Http;

    [Fact]
    public async Task Exchange_answers_as_rfc_8693_says_and_binds_to_the_proof_s_key()
    {
        var grant = await _http.GrantAsync();
        var answer = await _http.PostAsync("token", _http.Exchange(_http.Svid(BrokerBench.Orchestrator), grant.Token, ("audience", "https://pay.example"), ("scope", "pay read"), ("requested_expires_in", "60")), _http.Bench.Key);

        // RFC 8693 §2.2.1; token_type of RFC 9449 §5.
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal("urn:ietf:params:oauth:token-type:access_token", answer["issued_token_type"]);
        Assert.Equal("DPoP", answer["token_type"]);
        Assert.Equal("pay read", answer["scope"]);
        Assert.InRange(answer.Json.GetProperty("expires_in").GetInt64(), 50, 60);
        Assert.Contains("no-store", answer.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Equal("no-cache", answer.Header("Pragma"));

        var claims = ExchangeTests.Claims(answer["access_token"]!);
        Assert.Equal(_http.Issuer, claims.GetProperty("iss").GetString());
        Assert.Equal(_http.Bench.Key.Thumbprint, claims.GetProperty("cnf").GetProperty("jkt").GetString());
        Assert.Equal($$"""{"sub":"{{BrokerBench.Orchestrator}}"}""", claims.GetProperty("act").GetRawText());
        Assert.Equal("""["https://pay.example"]""", claims.GetProperty("aud").GetRawText());
    }

    [Fact]
    public async Task Delegation_over_http_nests_actors_and_honours_may_act_in_a_trail_that_verifies()
    {
        using var second = HolderKey.Create();
        var (orchestrator, payments) = (_http.Svid(BrokerBench.Orchestrator), _http.Svid(BrokerBench.Payments));
        var grant = await _http.GrantAsync(BrokerBench.Orchestrator);
        (await _http.PostAsync("token", _http.Exchange(payments, grant.Token), second)).IsRefused("invalid_request");
        var first = await _http.TokenAsync(orchestrator, grant.Token, null, ("may_act", BrokerBench.Payments.ToString()), ("resource", "https://pay.example"));
        (await _http.PostAsync("token", _http.Exchange(orchestrator, first), _http.Bench.Key)).IsRefused("invalid_request");
        var last = await _http.TokenAsync(payments, first, second, ("scope", "pay"));
        Assert.Equal("{\"sub\":\"" + BrokerBench.Payments + "\",\"act\":{\"sub\":\"" + BrokerBench.Orchestrator + "\"}}", ExchangeTests.Claims(last).GetProperty("act").GetRawText());

        await _http.Server.DisposeAsync();
        string[] own = [_http.IdOf(first), _http.IdOf(last), grant.Entry.Id];
        Assert.Equal(own.Order(), (await _http.Bench.BodiesAsync(RecordKinds.CredentialIssued)).Select(b => BrokerBench.Text(b, "id")).Where(own.Contains).Order());
        Assert.Equal(2, (await _http.Bench.BodiesAsync(RecordKinds.CredentialRefused)).Count(b => b.TryGetProperty("id", out var id) && own.Contains(id.GetString())));
        var report = await _http.Bench.VerifyAsync();
        Assert.True(report.Verified, string.Join('\n', VerificationText.Lines(report)));
        await _http.StartServerAsync();
    }

    [Theory]
    [InlineData("scope", "pay admin", "invalid_scope")]
    [InlineData("audience", "https://evil.example", "invalid_target")]
    [InlineData("resource", "https://evil.example", "invalid_target")]
    [InlineData("resource", "not-an-address", "invalid_target")]
    [InlineData("requested_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request")]
    [InlineData("requested_expires_in", "-5", "invalid_request")]
    [InlineData("actor_token", "spiffe://cairn.local/agent/payments", "invalid_request")]
    [InlineData("may_act", "ana@example.org", "invalid_request")]
    [InlineData("client_id", "spiffe://cairn.local/agent/payments", "invalid_client")]
    public async Task Parameter_that_asks_for_more_or_is_wrong_is_refused_with_its_error_code(string name, string value, string error)
    {
        var grant = await _http.GrantAsync();
        (await _http.PostAsync("token", _http.Exchange(_http.Svid(BrokerBench.Orchestrator), grant.Token, (name, value)), _http.Bench.Key)).IsRefused(error);
    }

    [Fact]
    public async Task Gateway_names_an_actor_and_nobody_else_can()
    {
        var grant = await _http.GrantAsync(BrokerBench.Payments);
        (string, string)[] actor = [("actor_token", BrokerBench.Payments.ToString()), ("actor_token_type", TokenTypes.SpiffeId)];
        var token = await _http.TokenAsync(_http.Svid(BrokerBench.Gateway), grant.Token, null, actor);
        Assert.Equal($$"""{"sub":"{{BrokerBench.Payments}}"}""", ExchangeTests.Claims(token).GetProperty("act").GetRawText());
        (await _http.PostAsync("token", _http.Exchange(_http.Svid(BrokerBench.Orchestrator), grant.Token, actor), _http.Bench.Key)).IsRefused("unauthorized_client");
    }

    [Fact]
    public async Task Client_credentials_give_what_a_rule_gives_and_nothing_without_one()
    {
        List<(string, string)> Own(Svid svid, params (string, string)[] more) => [("grant_type", "client_credentials"), .. _http.Authenticated(svid), .. more];
        var answer = await _http.PostAsync("token", Own(_http.Svid(BrokerBench.Payments)), _http.Bench.Key);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal("read", answer["scope"]);
        (await _http.PostAsync("token", Own(_http.Svid(SpiffeId.Parse("spiffe://cairn.local/other/x"))), _http.Bench.Key)).IsRefused("unauthorized_client");
        (await _http.PostAsync("token", Own(_http.Svid(BrokerBench.Payments), ("subject_token", "x")), _http.Bench.Key)).IsRefused("invalid_request");
        (await _http.PostAsync("token", Own(_http.Svid(BrokerBench.Payments)))).IsRefused("invalid_request");
    }

    [Theory]
    [InlineData("grant_type=password&username=a&password=b", "unsupported_grant_type")]
    [InlineData("grant_type=authorization_code&code=a", "unsupported_grant_type")]
    [InlineData("", "invalid_request")]
    [InlineData("grant_type=client_credentials&grant_type=client_credentials", "invalid_request")]
    [InlineData("grant_type=client_credentials", "invalid_client")]
    [InlineData("grant_type=client_credentials&client_id=x&client_secret=y", "invalid_client")]
    [InlineData("grant_type=client_credentials&client_assertion=x", "invalid_request")]
    [InlineData("grant_type=client_credentials&client_assertion=x&client_assertion_type=urn:other", "invalid_client")]
    [InlineData("grant_type=client_credentials&client_assertion=x&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "invalid_client")]
    [InlineData("grant_type=urn:ietf:params:oauth:grant-type:token-exchange", "invalid_request")]
    [InlineData("grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=x", "invalid_request")]
    public async Task Form_that_is_no_request_is_answered_by_the_error_of_rfc_6749(string body, string error) => (await _http.SendAsync(new HttpRequestMessage(HttpMethod.Post, _http.Address("token"))
    {
        Content = new StringContent(body, Encoding.ASCII, "application/x-www-form-urlencoded"),
    })).IsRefused(error);

    [Fact]
    public async Task Hostile_requests_get_an_error_and_the_server_goes_on()
    {
        var address = _http.Address("token");
        try
        {
            (await _http.SendAsync(new(HttpMethod.Post, address) { Content = new StringContent("grant_type=" + new string('a', 70_000), Encoding.ASCII, "application/x-www-form-urlencoded") }))
                .IsRefused("invalid_request", HttpStatusCode.RequestEntityTooLarge);
        }
        catch (HttpRequestException e) when (e.InnerException is IOException)
        {
            // The connection was closed while the rest of the body was on its way: refused as well, and the answer overtaken.
        }

        (await _http.SendAsync(new(HttpMethod.Post, address) { Content = new StringContent(string.Join('&', Enumerable.Range(0, 500).Select(i => $"p{i}=1")), Encoding.ASCII, "application/x-www-form-urlencoded") })).IsRefused("invalid_request");
        (await _http.SendAsync(new(HttpMethod.Post, address) { Content = new StringContent("{}", Encoding.ASCII, "application/json") })).IsRefused("invalid_request");
        (await _http.SendAsync(new(HttpMethod.Post, address) { Content = new ByteArrayContent([0xff, 0x00, 0x25]) })).IsRefused("invalid_request");
        (await _http.SendAsync(new(HttpMethod.Get, address))).IsRefused("invalid_request", HttpStatusCode.MethodNotAllowed);
        var basic = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]) };
        basic.Headers.Authorization = new("Basic", "YTpi");
        var answer = await _http.SendAsync(basic);
        answer.IsRefused("invalid_client", HttpStatusCode.Unauthorized);
        Assert.StartsWith("Basic", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("nothing")).Status);
        Assert.NotEmpty(await _http.TokenAsync(_http.Svid(BrokerBench.Orchestrator), (await _http.GrantAsync()).Token));
    }

    [Fact]
    public async Task Metadata_says_what_is_so_under_the_issuer_s_exact_name()
    {
        var answer = await _http.GetAsync(".well-known/oauth-authorization-server");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(_http.Issuer, answer["issuer"]);
        Assert.Equal($"{_http.Issuer}/token", answer["token_endpoint"]);
        Assert.Equal($"{_http.Issuer}/jwks", answer["jwks_uri"]);
        Assert.Equal("""["client_credentials","urn:ietf:params:oauth:grant-type:token-exchange"]""", answer["grant_types_supported"]);
        Assert.Equal("""["ES256","RS256","PS256"]""", answer["dpop_signing_alg_values_supported"]);
        Assert.Equal("true", answer["tls_client_certificate_bound_access_tokens"]);
        Assert.DoesNotContain("authorization_endpoint", answer.Text, StringComparison.Ordinal);
    }
}
