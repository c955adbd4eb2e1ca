using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Broker.Tokens;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity;

namespace Cairn.Broker.Tests.Endpoints;

/// <summary>Who a client is: RFC 7523 §3, RFC 8705 §2, JWT-SVIDs. Over TLS where certificates are the point.</summary>
public sealed class ClientAuthenticationTests(HttpFixture fixture) : IClassFixture<HttpFixture>
{
    private const string JwtSvidType = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
    private readonly HttpBench _http = fixture.Http;

    [Fact]
    public async Task Assertion_is_taken_once()
    {
        var client = _http.Svid(BrokerBench.Payments);
        var assertion = _http.Assertion(client);
        Assert.Equal(HttpStatusCode.OK, (await OwnAsync(client, assertion)).Status);
        (await OwnAsync(client, assertion)).IsRefused("invalid_client");
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(30, false)]
    [InlineData(-55, true)]
    [InlineData(-90, false)]
    public async Task Assertion_of_a_machine_with_another_clock_passes_within_the_allowed_skew_only(int seconds, bool passes)
    {
        var client = _http.Svid(BrokerBench.Payments);
        var answer = await OwnAsync(client, _http.Assertion(client, now: DateTimeOffset.UtcNow.AddSeconds(seconds)));
        if (passes)
        {
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        }
        else
        {
            answer.IsRefused("invalid_client");
        }
    }

    [Fact]
    public async Task Assertion_for_another_audience_without_an_id_or_by_another_s_certificate_is_refused()
    {
        var client = _http.Svid(BrokerBench.Payments);
        (await OwnAsync(client, _http.Assertion(client, audience: "https://elsewhere.example"))).IsRefused("invalid_client");
        Assert.Equal(HttpStatusCode.OK, (await OwnAsync(client, _http.Assertion(client, audience: _http.Address("token").AbsoluteUri))).Status);

        // The certificate of one workload, the words of another.
        (await OwnAsync(client, Signed(client.Key, client.Chain, BrokerBench.Orchestrator.ToString()))).IsRefused("invalid_client");

        // The right certificate, another's signature.
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (await OwnAsync(client, Signed(other, client.Chain, client.Id.ToString()))).IsRefused("invalid_client");

        // No certificate, and no registered key.
        (await OwnAsync(client, Signed(client.Key, [], client.Id.ToString()))).IsRefused("invalid_client");

        // A certificate of an authority that nobody trusts.
        using var stranger = LocalAuthority.OpenOrCreate(Path.Combine(_http.Bench.Data, "..", "stranger"), "cairn.local");
        using var svid = stranger.Issue(BrokerBench.Payments, TimeSpan.FromHours(1));
        (await OwnAsync(svid)).IsRefused("invalid_client");
    }

    [Fact]
    public async Task Expired_svid_authenticates_nobody()
    {
        var client = _http.Svid(BrokerBench.Payments, TimeSpan.FromSeconds(1));
        await Task.Delay(TimeSpan.FromSeconds(2.1), BrokerBench.Cancel);
        (await OwnAsync(client)).IsRefused("invalid_client");
    }

    [Fact]
    public async Task Registered_key_stands_for_its_workload_and_for_no_other()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwks = JsonDocument.Parse($$"""{"keys":[{{PublicJwk.Of(key, "one")}}]}""").RootElement;
        await using var http = await HttpBench.StartAsync(settings: s => s with { Clients = [new RegisteredClient { Id = BrokerBench.Payments.ToString(), Jwks = jwks }] });
        string Assertion(SpiffeId id) => Signed(key, [], id.ToString(), http.Issuer);
        List<(string, string)> Form(SpiffeId id) =>
            [("grant_type", "client_credentials"), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", Assertion(id))];
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("token", Form(BrokerBench.Payments), http.Bench.Key)).Status);
        (await http.PostAsync("token", Form(BrokerBench.Orchestrator), http.Bench.Key)).IsRefused("invalid_client");
    }

    [Fact]
    public async Task Jwt_svid_authenticates_its_workload_and_is_used_up_where_it_has_an_id()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var folder = Path.Combine(_http.Directory.Root, "broker", "bundles");
        Directory.CreateDirectory(folder);
        var jwk = PublicJwk.Of(key, "svid-key").ToString();
        await File.WriteAllTextAsync(Path.Combine(folder, "cairn.local.json"), $$"""{"keys":[{{jwk[..^1]}},"use":"jwt-svid"}]}""", BrokerBench.Cancel);
        string Svid(string? id, string audience) => CompactJws.Sign(key, h => { h.WriteString("alg", "ES256"); h.WriteString("kid", "svid-key"); }, c =>
        {
            c.WriteString("sub", BrokerBench.Payments.ToString());
            c.WriteString("aud", audience);
            c.WriteNumber("exp", DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds());
            if (id is not null)
            {
                c.WriteString("jti", id);
            }
        });
        Task<Answer> AskAsync(string token, string type = JwtSvidType) =>
            _http.PostAsync("token", [("grant_type", "client_credentials"), ("client_assertion_type", type), ("client_assertion", token)], _http.Bench.Key);
        var once = Svid(Guid.NewGuid().ToString(), _http.Issuer);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(once)).Status);
        (await AskAsync(once)).IsRefused("invalid_client");
        var cached = Svid(null, _http.Issuer);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(cached)).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(cached, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")).Status);
        (await AskAsync(Svid(null, "https://elsewhere.example"))).IsRefused("invalid_client");
    }

    [Fact]
    public async Task Tls_client_certificate_authenticates_and_binds_as_rfc_8705_says()
    {
        await using var http = await HttpBench.StartAsync(isTls: true);
        var client = http.Svid(BrokerBench.Orchestrator);
        using var mtls = http.Client(client);
        List<(string, string)> Form(string subject) => [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subject), ("subject_token_type", TokenTypes.AccessToken)];
        var answer = await http.PostAsync("token", Form((await http.GrantAsync()).Token), client: mtls);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal("Bearer", answer["token_type"]);
        var token = answer["access_token"]!;
        Assert.Equal(HttpBench.Thumbprint(client), ExchangeTests.Claims(token).GetProperty("cnf").GetProperty("x5t#S256").GetString());

        // Exchanged further over the same certificate's connections, not over another's.
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("token", Form(token), client: mtls)).Status);
        using var thief = http.Client(http.Svid(BrokerBench.Payments));
        (await http.PostAsync("token", Form(token), client: thief)).IsRefused("invalid_request");

        // A certificate that no authority of the trust domain made, one that is over, and one beside another's assertion.
        using var stranger = LocalAuthority.OpenOrCreate(Path.Combine(http.Bench.Data, "..", "stranger"), "cairn.local");
        using var foreign = stranger.Issue(BrokerBench.Orchestrator, TimeSpan.FromHours(1));
        using var strange = http.Client(foreign);
        (await http.PostAsync("token", Form(token), client: strange)).IsRefused("invalid_client");
        (await http.PostAsync("token", [.. Form(token), .. http.Authenticated(http.Svid(BrokerBench.Payments))], client: mtls)).IsRefused("invalid_client");
        (await http.PostAsync("token", Form(token))).IsRefused("invalid_client");
    }

    [Fact]
    public async Task Svid_that_ends_during_a_connection_is_refused_on_the_next_request()
    {
        await using var http = await HttpBench.StartAsync(isTls: true);
        using var mtls = http.Client(http.Svid(BrokerBench.Payments, TimeSpan.FromSeconds(3)));
        (string, string)[] form = [("grant_type", "client_credentials")];
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("token", form, client: mtls)).Status);
        await Task.Delay(TimeSpan.FromSeconds(4), BrokerBench.Cancel);
        (await http.PostAsync("token", form, client: mtls)).IsRefused("invalid_client");
    }

    [Fact]
    public async Task Refused_client_is_a_record_in_a_trail_of_its_own()
    {
        await using var http = await HttpBench.StartAsync();
        (await http.PostAsync("token", [("grant_type", "client_credentials")], http.Bench.Key)).IsRefused("invalid_client");
        await http.Server.DisposeAsync();
        Assert.Empty(await http.Bench.RecordsAsync()); // not in the trail that the stranger named
        Assert.Contains("invalid_client", await http.AllRecordsAsync(), StringComparison.Ordinal);
        await http.StartServerAsync();
    }

    private Task<Answer> OwnAsync(Svid client, string? assertion = null) =>
        _http.PostAsync("token", [("grant_type", "client_credentials"), .. _http.Authenticated(client, assertion)], _http.Bench.Key);

    private string Signed(ECDsa key, IReadOnlyList<byte[]> chain, string id, string? audience = null) => CompactJws.Sign(
        key,
        header =>
        {
            header.WriteString("alg", "ES256");
            if (chain.Count > 0)
            {
                header.WriteStartArray("x5c");
                chain.ToList().ForEach(c => header.WriteBase64StringValue(c));
                header.WriteEndArray();
            }
        },
        json =>
        {
            json.WriteString("iss", id);
            json.WriteString("sub", id);
            json.WriteString("aud", audience ?? _http.Issuer);
            json.WriteString("jti", Guid.NewGuid().ToString());
            json.WriteNumber("exp", DateTimeOffset.UtcNow.AddSeconds(60).ToUnixTimeSeconds());
        });
}
