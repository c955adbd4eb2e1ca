using System.Net;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tests.Records;

namespace Cairn.Broker.Tests.Endpoints;

/// <summary>What becomes of tokens: introspection (RFC 7662), revocation (RFC 7009), keys (RFC 7517).</summary>
public sealed class LifecycleTests : IAsyncLifetime
{
    private HttpBench _http = null!;

    public async ValueTask InitializeAsync() => _http = await HttpBench.StartAsync();

    public ValueTask DisposeAsync() => _http.DisposeAsync();

    [Fact]
    public async Task Introspection_tells_what_holds_and_nothing_of_what_does_not()
    {
        var client = _http.Svid(BrokerBench.Orchestrator);
        var token = await _http.TokenAsync(client, (await _http.GrantAsync()).Token, null, ("scope", "pay"));
        var answer = await AskAsync(token);
        Assert.Equal("true", answer["active"]);
        Assert.Equal(("pay", "DPoP", "ana@example.org", _http.Issuer), (answer["scope"], answer["token_type"], answer["sub"], answer["iss"]));
        Assert.Equal(BrokerBench.Orchestrator.ToString(), answer.Json.GetProperty("act").GetProperty("sub").GetString());
        Assert.Equal(_http.Bench.Key.Thumbprint, answer.Json.GetProperty("cnf").GetProperty("jkt").GetString());
        Assert.Equal(client.Id.ToString(), answer["client_id"]);
        Assert.True(answer.Json.GetProperty("exp").GetInt64() > DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        foreach (var other in new[] { "nothing", token[..^2] + "xx", "a.b.c", new string('x', 20_000) })
        {
            Assert.Equal("""{"active":false}""", JsonSerializer.Serialize((await AskAsync(other)).Json));
        }

        (await _http.PostAsync("introspect", [("token", token)])).IsRefused("invalid_client");
        (await _http.PostAsync("introspect", _http.Authenticated(client))).IsRefused("invalid_request");
    }

    [Fact]
    public async Task Revocation_takes_descendants_along_and_what_is_shown_afterwards_is_evidence()
    {
        var (orchestrator, payments) = (_http.Svid(BrokerBench.Orchestrator), _http.Svid(BrokerBench.Payments));
        var root = await _http.TokenAsync(orchestrator, (await _http.GrantAsync()).Token, null, ("may_act", BrokerBench.Payments.ToString()));
        var child = await _http.TokenAsync(payments, root);
        (await _http.PostAsync("revoke", [("token", root), .. _http.Authenticated(_http.Svid(SpiffeId.Parse("spiffe://cairn.local/agent/stranger")))])).IsRefused("unauthorized_client");
        Assert.Equal("true", (await AskAsync(child))["active"]);
        var answer = await _http.PostAsync("revoke", [("token", root), ("token_type_hint", "access_token"), ("reason", "agent looped"), .. _http.Authenticated(orchestrator)]);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("false", (await AskAsync(child))["active"]);
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync("revoke", [("token", root), .. _http.Authenticated(orchestrator)])).Status);
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync("revoke", [("token", "unknown"), .. _http.Authenticated(orchestrator)])).Status);

        await _http.Server.DisposeAsync();
        var revoked = await _http.Bench.BodiesAsync(RecordKinds.CredentialRevoked);
        Assert.Equal([_http.IdOf(root), _http.IdOf(child)], revoked.Select(b => BrokerBench.Text(b, "id")));
        Assert.Equal(("agent looped", orchestrator.Id.ToString()), (BrokerBench.Text(revoked[0], "reason"), BrokerBench.Text(revoked[0], "by")));
        var shown = (await _http.Bench.BodiesAsync(RecordKinds.CredentialRefused)).Single(b => BrokerBench.Text(b, "error") == "invalid_token");
        Assert.Equal(_http.IdOf(child), BrokerBench.Text(shown, "id"));
        await _http.StartServerAsync();
    }

    [Fact]
    public async Task Use_is_recorded_before_introspection_says_yes()
    {
        var token = await _http.TokenAsync(_http.Svid(BrokerBench.Orchestrator), (await _http.GrantAsync()).Token);
        var answer = await _http.PostAsync("introspect", [("token", token), ("used_at", "https://pay.example/v1"), ("used_proof", "dpop"), .. _http.Authenticated(_http.Svid(BrokerBench.Gateway))]);
        Assert.Equal("true", answer["active"]);
        var used = Assert.Single(await _http.Bench.BodiesAsync(RecordKinds.CredentialUsed)); // read while the server runs: it is durable
        Assert.Equal((_http.IdOf(token), "https://pay.example/v1", "dpop"), (BrokerBench.Text(used, "id"), BrokerBench.Text(used, "resource"), BrokerBench.Text(used, "proof")));
        (await _http.PostAsync("introspect", [("token", token), ("used_at", "x"), ("used_proof", "trust me"), .. _http.Authenticated(_http.Svid(BrokerBench.Gateway))])).IsRefused("invalid_request");
    }

    [Fact]
    public async Task Keys_rotate_and_old_tokens_hold_until_they_end()
    {
        var client = _http.Svid(BrokerBench.Orchestrator);
        var old = await _http.TokenAsync(client, (await _http.GrantAsync()).Token);
        var before = await KeyIdsAsync();
        _http.Server.Broker.Keys.Rotate(DateTimeOffset.UtcNow);
        var young = await _http.TokenAsync(client, (await _http.GrantAsync()).Token);
        var after = await KeyIdsAsync();
        Assert.Single(before);
        Assert.Equal(2, after.Count);
        Assert.Contains(before[0], after);
        Assert.Equal(before[0], KeyIdOf(old));
        Assert.NotEqual(before[0], KeyIdOf(young));
        Assert.Equal("true", (await AskAsync(old))["active"]);
        Assert.Equal("true", (await AskAsync(young))["active"]);
    }

    // Every token and every proof that passed, looked for in every byte that was written: ledger, journal, spool, store, logs.
    [Fact]
    public async Task No_token_assertion_or_proof_is_in_any_file()
    {
        var client = _http.Svid(BrokerBench.Orchestrator);
        var grant = (await _http.GrantAsync()).Token;
        var (proof, assertion) = (_http.Bench.Key.Prove(HttpMethod.Post, _http.Address("token")), _http.Assertion(client));
        var answer = await _http.PostAsync(
            "token",
            [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", grant), ("subject_token_type", TokenTypes.AccessToken), .. _http.Authenticated(client, assertion)],
            proof: proof);
        var token = answer["access_token"]!;
        _ = await AskAsync(token);
        (await _http.PostAsync("token", _http.Exchange(client, token, ("scope", "more")), _http.Bench.Key)).IsRefused("invalid_scope");
        (await _http.PostAsync("token", _http.Exchange(client, token[..^4] + (token.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBA" : "AAAA")), _http.Bench.Key)).IsRefused("invalid_request");
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync("revoke", [("token", token), .. _http.Authenticated(client)])).Status);
        await _http.Server.DisposeAsync();
        var files = Directory.EnumerateFiles(_http.Bench.Data, "*", SearchOption.AllDirectories).Select(File.ReadAllBytes).Append(Encoding.UTF8.GetBytes(string.Join('\n', _http.Bench.Log))).ToList();
        Assert.True(files.Sum(f => f.Length) > 10_000);
        foreach (var secret in new[] { grant, token, proof, assertion })
        {
            Assert.All(files, bytes => Assert.Equal(-1, bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret.Split('.')[2]))));
        }

        await _http.StartServerAsync();
    }

    // Issued, used, refused, revoked, expired: each as docs/spec/schemas says.
    [Fact]
    public async Task Record_of_every_step_holds_to_its_schema()
    {
        var client = _http.Svid(BrokerBench.Orchestrator);
        var grant = (await _http.GrantAsync(ttl: TimeSpan.FromSeconds(3))).Token;
        var token = await _http.TokenAsync(client, grant, null, ("may_act", BrokerBench.Payments.ToString()));
        _ = await _http.PostAsync("introspect", [("token", token), ("used_at", "https://pay.example"), .. _http.Authenticated(client)]);
        (await _http.PostAsync("token", _http.Exchange(client, grant, ("scope", "more")), _http.Bench.Key)).IsRefused("invalid_scope");
        (await _http.PostAsync("token", [("grant_type", "client_credentials")])).IsRefused("invalid_client");
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync("revoke", [("token", token), .. _http.Authenticated(client)])).Status);
        await Task.Delay(TimeSpan.FromSeconds(3.2), BrokerBench.Cancel);
        await _http.Server.Broker.SweepAsync(BrokerBench.Cancel);
        await _http.Server.DisposeAsync();
        var schemas = new StructuralSchema(Path.Combine(Repository.Home, "docs", "spec", "schemas"));
        var records = (await _http.AllRecordsAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(r => Record.Parse(Encoding.UTF8.GetBytes(r))).ToList();
        Assert.Empty(records.SelectMany(r => schemas.Errors($"{r.Kind}.schema.json", JsonElement.Parse(r.Bytes.Span)).Select(error => $"{r.Kind}{error}")));
        foreach (var kind in new[] { RecordKinds.CredentialIssued, RecordKinds.CredentialUsed, RecordKinds.CredentialRefused, RecordKinds.CredentialRevoked, RecordKinds.CredentialExpired })
        {
            Assert.Contains(records, r => r.Kind == kind);
        }

        await _http.StartServerAsync();
    }

    // The journal's lock is held by somebody: nothing can be recorded, so nothing is given.
    [Fact]
    public async Task Ledger_that_takes_nothing_means_no_token_and_what_was_begun_is_withdrawn()
    {
        var grant = (await _http.GrantAsync()).Token;
        var client = _http.Svid(BrokerBench.Orchestrator);
        await using (var journal = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_http.Directory.JournalPath};Pooling=False"))
        {
            await journal.OpenAsync(BrokerBench.Cancel);
            await using var hold = journal.CreateCommand();
            hold.CommandText = "BEGIN IMMEDIATE";
            await hold.ExecuteNonQueryAsync(BrokerBench.Cancel);
            var answer = await _http.PostAsync("token", _http.Exchange(client, grant), _http.Bench.Key);
            answer.IsRefused("temporarily_unavailable", HttpStatusCode.ServiceUnavailable);
            Assert.Equal("1", answer.Header("Retry-After"));
        }

        Assert.NotEmpty(await _http.TokenAsync(client, grant));
        var withdrawn = Assert.Single(_http.Server.Broker.List(10, all: true), e => e.State == CredentialState.Revoked);
        Assert.Equal(client.Id.ToString(), withdrawn.Client);
    }

    private Task<Answer> AskAsync(string token) => _http.PostAsync("introspect", [("token", token), .. _http.Authenticated(_http.Svid(BrokerBench.Gateway))]);

    private static string? KeyIdOf(string token) =>
        JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0])).RootElement.GetProperty("kid").GetString();

    private async Task<List<string?>> KeyIdsAsync()
    {
        var keys = (await _http.GetAsync("jwks")).Json.GetProperty("keys").EnumerateArray().ToList();
        Assert.All(keys, k => Assert.Equal(("sig", "ES256", "EC", "P-256"), (k.GetProperty("use").GetString(), k.GetProperty("alg").GetString(), k.GetProperty("kty").GetString(), k.GetProperty("crv").GetString())));
        Assert.All(keys, k => Assert.False(k.TryGetProperty("d", out _)));
        return [.. keys.Select(k => k.GetProperty("kid").GetString())];
    }
}
