using System.Net;
using Cairn.Broker.Proofs;
using Cairn.Broker.Tokens;
using Cairn.Evidence.Records;

namespace Cairn.Broker.Tests.Endpoints;

/// <summary>DPoP at the token endpoint: RFC 9449 §4.3, §5, §8.</summary>
public sealed class ProofTests(HttpFixture fixture) : IClassFixture<HttpFixture>
{
    private readonly HttpBench _http = fixture.Http;

    [Fact]
    public async Task Proof_is_taken_once_and_its_second_showing_is_refused_even_after_a_restart()
    {
        var grant = await _http.GrantAsync();
        var client = _http.Svid(BrokerBench.Orchestrator);
        var proof = _http.Bench.Key.Prove(HttpMethod.Post, _http.Address("token"));
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync("token", _http.Exchange(client, grant.Token), proof: proof)).Status);
        (await _http.PostAsync("token", _http.Exchange(client, grant.Token), proof: proof)).IsRefused("invalid_dpop_proof");
        await _http.Server.DisposeAsync();
        await _http.StartServerAsync();
        (await _http.PostAsync("token", _http.Exchange(client, grant.Token), proof: proof)).IsRefused("invalid_dpop_proof");
    }

    [Fact]
    public async Task Proof_for_another_method_or_address_is_refused()
    {
        var grant = await _http.GrantAsync();
        foreach (var (method, address) in new[] { (HttpMethod.Get, _http.Address("token")), (HttpMethod.Post, _http.Address("introspect")), (HttpMethod.Post, new Uri("https://elsewhere.example/token")) })
        {
            (await _http.PostAsync("token", _http.Exchange(_http.Svid(BrokerBench.Orchestrator), grant.Token), proof: _http.Bench.Key.Prove(method, address))).IsRefused("invalid_dpop_proof");
        }
    }

    // Skew 5 s, age 60 s: within both a proof passes, beyond it does not, whichever way the clock is wrong.
    [Theory]
    [InlineData(3, true)]
    [InlineData(15, false)]
    [InlineData(-50, true)]
    [InlineData(-80, false)]
    public async Task Proof_of_a_machine_with_another_clock_passes_within_the_allowed_skew_only(int seconds, bool passes)
    {
        using var key = HolderKey.Create(new MovedClock(TimeSpan.FromSeconds(seconds)));
        var answer = await _http.PostAsync("token", _http.Exchange(_http.Svid(BrokerBench.Orchestrator), (await _http.GrantAsync()).Token), key);
        if (passes)
        {
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        }
        else
        {
            answer.IsRefused("invalid_dpop_proof");
        }
    }

    [Fact]
    public async Task Two_proofs_or_a_broken_one_are_refused_and_recorded()
    {
        var grant = await _http.GrantAsync();
        var client = _http.Svid(BrokerBench.Orchestrator);
        var proof = _http.Bench.Key.Prove(HttpMethod.Post, _http.Address("token"));
        (await _http.PostAsync("token", _http.Exchange(client, grant.Token), proof: proof[..^2])).IsRefused("invalid_dpop_proof");
        using var request = new HttpRequestMessage(HttpMethod.Post, _http.Address("token"))
        {
            Content = new FormUrlEncodedContent(_http.Exchange(client, grant.Token).Select(p => KeyValuePair.Create(p.Name, p.Value))),
        };
        request.Headers.Add("DPoP", [proof, _http.Bench.Key.Prove(HttpMethod.Post, _http.Address("token"))]);
        (await _http.SendAsync(request)).IsRefused("invalid_dpop_proof");
    }

    [Fact]
    public async Task Token_bound_to_a_key_is_exchanged_with_that_key_s_proof_only()
    {
        using var thief = HolderKey.Create();
        var client = _http.Svid(BrokerBench.Orchestrator);
        var token = await _http.TokenAsync(client, (await _http.GrantAsync()).Token);
        (await _http.PostAsync("token", _http.Exchange(_http.Svid(BrokerBench.Payments), token), thief)).IsRefused("invalid_request");
        (await _http.PostAsync("token", _http.Exchange(client, token), thief)).IsRefused("invalid_request");
        Assert.NotEmpty(await _http.TokenAsync(client, token));
    }

    // RFC 9449 §8: the refusal brings the nonce; with it the same request passes; a nonce of elsewhere does not.
    [Fact]
    public async Task Nonce_is_demanded_given_and_then_taken()
    {
        await using var http = await HttpBench.StartAsync(settings: s => s with { RequireNonce = true });
        var grant = await http.GrantAsync();
        var client = http.Svid(BrokerBench.Orchestrator);
        var refused = await http.PostAsync("token", http.Exchange(client, grant.Token), http.Bench.Key);
        refused.IsRefused("use_dpop_nonce");
        var nonce = refused.Header("DPoP-Nonce")!;
        var answer = await http.PostAsync("token", http.Exchange(client, grant.Token), proof: http.Bench.Key.Prove(HttpMethod.Post, http.Address("token"), null, nonce));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        (await http.PostAsync("token", http.Exchange(client, grant.Token), proof: http.Bench.Key.Prove(HttpMethod.Post, http.Address("token"), null, new string('A', 32)))).IsRefused("use_dpop_nonce");
    }
}
