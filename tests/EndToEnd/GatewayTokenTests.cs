using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Cairn.Broker;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity;
using Cairn.Identity.Credentials;
using Cairn.Ledger;

namespace Cairn.EndToEnd;

/// <summary>Callers of <c>cairn gateway</c> that are known by the broker's tokens: a real broker, a real client that holds a key.</summary>
public class GatewayTokenTests
{
    private const string Gateway = "https://gateway.example";
    private static readonly SpiffeId Assistant = SpiffeId.Parse("spiffe://cairn.local/agent/assistant");
    private static readonly SpiffeId Stranger = SpiffeId.Parse("spiffe://cairn.local/agent/stranger");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Token_of_the_broker_lets_its_holder_in_and_nobody_else(bool isElsewhere)
    {
        using var folder = new TemporaryFolder();
        var issuer = await SettleAsync(folder);
        await using var server = await HttpServer.PlainAsync(folder["plain.mjs"]);
        IssuedCredential good;
        string[] refusedIds;
        await using (await RunningCairn.StartAsync("http://127.0.0.1", "broker", "serve", "--data", folder["data"]))
        {
            using var agent = new Agent(folder["data"], issuer, Assistant);
            using var stranger = new Agent(folder["data"], issuer, Stranger);
            var grant = await CairnProgram.RunAsync("credential", "grant", "--data", folder["data"], "--subject", "ana@example.org", "--audience", Gateway, "--scope", "call read", "--ttl", "1h");
            Assert.True(grant.ExitCode == 0, grant.ToString());
            await using var gateway = await StartAsync(folder, server.Url, isElsewhere ? ["--broker", issuer] : []);
            var url = gateway.Url("/files");

            good = await agent.TokenAsync(Gateway, subject: grant.Output.Trim());
            using (var answer = await CallAsync(url, good, 1))
            {
                Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, await NumberAsync(answer)));
            }

            // Shown again, by somebody who took it all off the wire.
            var proof = good.Prove!(HttpMethod.Post, url);
            using (var first = await CallAsync(url, good, 2, proof: proof))
            using (var replayed = await CallAsync(url, good, 3, proof: proof))
            {
                Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Unauthorized], [first.StatusCode, replayed.StatusCode]);
                Assert.Contains("DPoP error=\"invalid_dpop_proof\"", replayed.Headers.WwwAuthenticate.ToString());
                Assert.Contains("shown before", await replayed.Content.ReadAsStringAsync(Cancel));
            }

            var elsewhere = await agent.TokenAsync("https://other.example");
            var narrow = await agent.TokenAsync(Gateway, scope: "read");
            var brief = await agent.TokenAsync(Gateway, ttl: TimeSpan.FromSeconds(2));
            var revoked = await agent.TokenAsync(Gateway);
            var foreign = await stranger.TokenAsync(Gateway);
            refusedIds = [good.Id, elsewhere.Id, brief.Id, revoked.Id, foreign.Id];
            await RefusedAsync(url, good, HttpStatusCode.Unauthorized, proof: "");
            await RefusedAsync(url, good, HttpStatusCode.Unauthorized, proof: agent.Forged(url, good));
            await RefusedAsync(url, good, HttpStatusCode.Unauthorized, proof: good.Prove(HttpMethod.Post, gateway.Url("/other")));
            await RefusedAsync(url, good, HttpStatusCode.Unauthorized, scheme: "Bearer");
            await RefusedAsync(url, elsewhere, HttpStatusCode.Unauthorized);
            await RefusedAsync(url, foreign, HttpStatusCode.Forbidden);
            Assert.Equal(0, (await CairnProgram.RunAsync("credential", "revoke", revoked.Id, "--data", folder["data"], "--reason", "laptop lost")).ExitCode);
            await RefusedAsync(url, revoked, HttpStatusCode.Unauthorized);
            await Task.Delay(TimeSpan.FromSeconds(2.1), Cancel);
            await RefusedAsync(url, brief, HttpStatusCode.Unauthorized);
            using (var denied = await CallAsync(url, narrow, 4))
            {
                // Known, and its scope does not reach: the policy says so, not the door.
                Assert.Equal(HttpStatusCode.OK, denied.StatusCode);
                Assert.Contains("policy_denied", await denied.Content.ReadAsStringAsync(Cancel));
            }

            Assert.Equal(0, await gateway.EndAsync());
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], good.Token));
        var uses = records.Where(r => r.Kind == RecordKinds.CredentialUsed && Text(r, "id") == good.Id).ToList();
        Assert.Equal(2, uses.Count);
        Assert.All(uses, use => Assert.Equal(("dpop", true), (Text(use, "proof"), Text(use, "resource")!.EndsWith("/files", StringComparison.Ordinal))));
        Assert.Equal(
            refusedIds.Order().ToList(), records.Where(r => r.Kind == RecordKinds.CredentialRefused && r.Actor.Id.Path == "/gateway/http").Select(r => Text(r, "id")!).Distinct().Order().ToList());
        var started = Assert.Single(records, r => r.Kind == RecordKinds.TaskStarted && r.Actor.Id == Assistant);
        Assert.Equal(("ana@example.org", "oauth2"), (Text(started, "principal"), Text(started, "authenticated")));
        Assert.Equal(["allow", "allow", "deny"], records.Where(r => r.Kind == RecordKinds.PolicyDecided).Select(r => Text(r, "decision")!));
        Assert.Equal(2, records.Count(r => r.Kind == RecordKinds.ActionCompleted && Text(r, "status") == "ok"));
    }

    [Fact]
    public async Task Token_that_is_bound_to_a_certificate_opens_to_that_certificate_only()
    {
        using var folder = new TemporaryFolder();
        await SettleAsync(folder);
        await using var server = await HttpServer.PlainAsync(folder["plain.mjs"]);
        using var authority = LocalAuthority.Open(LedgerDirectory.Open(folder["data"]).KeysPath, "cairn.local");
        using var listening = authority.Issue(SpiffeId.Parse("spiffe://cairn.local/gateway/http"), TimeSpan.FromHours(1));
        await File.WriteAllTextAsync(folder["gw.pem"], string.Join('\n', listening.Chain.Select(c => new string(PemEncoding.Write("CERTIFICATE", c)))), Cancel);
        await File.WriteAllTextAsync(folder["gw.key"], listening.Key.ExportPkcs8PrivateKeyPem(), Cancel);
        await File.WriteAllBytesAsync(folder["bundle.json"], new Identity.Bundles.TrustBundle("cairn.local") { X509Authorities = [authority.RootCertificate] }.Encode(), Cancel);
        using var mine = authority.Issue(Assistant, TimeSpan.FromHours(1));
        using var another = authority.Issue(Assistant, TimeSpan.FromHours(1));
        string token;
        await using (var broker = await CredentialBroker.OpenAsync(new BrokerOptions { DataPath = folder["data"], Owner = "ops@example.org" }, Cancel))
        {
            token = (await broker.ExchangeAsync(
                new ExchangeRequest
                {
                    Client = Assistant, Audience = [Gateway], Scope = ["call"], Context = new TraceParent(TraceId.New(), SpanId.New()),
                    HolderKey = $"x5t#S256:{System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(mine.Chain[0]))}",
                },
                Cancel)).Token;
        }

        await using var gateway = await StartAsync(
            folder, server.Url, [],
            """, "hosts": ["127.0.0.1"], "tls": { "certificate": "gw.pem", "key": "gw.key", "client_certificate": "accepted" }""", """ "trust": { "cairn.local": "bundle.json" },""");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(mine));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(another));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(null));
        Assert.Equal(0, await gateway.EndAsync());

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Equal("mtls", Text(Assert.Single(records, r => r.Kind == RecordKinds.CredentialUsed), "proof"));
        Assert.Equal(2, records.Count(r => r.Kind == RecordKinds.CredentialRefused));

        async Task<HttpStatusCode> StatusAsync(Svid? svid)
        {
            using var http = RunningGateway.Client(folder["gw.pem"], svid);
            using var request = Call(gateway.Url("/files"), 1);
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
            using var response = await http.SendAsync(request, Cancel);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Gateway_without_a_broker_for_its_agents_tokens_does_not_start()
    {
        using var folder = new TemporaryFolder();
        await WriteAsync(folder, new Uri("http://127.0.0.1:9/mcp"), 0, "", "");

        var outcome = await CairnProgram.RunAsync("gateway", "--config", folder["gateway.json"], "--data", folder["data"]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("agent assistant is known by broker_token, and", outcome.Messages);
        Assert.Contains("cairn broker init", outcome.Messages);
    }

    [Fact]
    public async Task Broker_that_is_away_lets_nobody_in_and_is_not_taken_for_a_bad_token()
    {
        using var folder = new TemporaryFolder();
        var issuer = await SettleAsync(folder);
        await using var server = await HttpServer.PlainAsync(folder["plain.mjs"]);
        var broker = await RunningCairn.StartAsync("http://127.0.0.1", "broker", "serve", "--data", folder["data"]);
        using var agent = new Agent(folder["data"], issuer, Assistant);
        await using var gateway = await StartAsync(folder, server.Url, ["--broker", issuer]);
        var token = await agent.TokenAsync(Gateway);
        using (var before = await CallAsync(gateway.Url("/files"), token, 1))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        await broker.DisposeAsync();
        using var after = await CallAsync(gateway.Url("/files"), token, 2);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, after.StatusCode);
        Assert.Contains("broker_unavailable", await after.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(0, await gateway.EndAsync());
    }

    /// <summary>Makes the data directory with a broker that gives agents tokens for the gateway; returns its issuer.</summary>
    private static async Task<string> SettleAsync(TemporaryFolder folder)
    {
        var issuer = $"http://127.0.0.1:{RunningCairn.FreePort()}";
        _ = LedgerDirectory.OpenOrCreate(folder["data"]);
        using (LocalAuthority.OpenOrCreate(LedgerDirectory.Open(folder["data"]).KeysPath, "cairn.local"))
        {
        }

        Directory.CreateDirectory(folder["data/broker"]);
        await File.WriteAllTextAsync(
            folder["data/broker/broker.json"],
            $$"""
            {"issuer":"{{issuer}}","gateways":["spiffe://cairn.local/gateway/*"],
             "workloads":[{"id":"spiffe://cairn.local/agent/*","audience":["{{Gateway}}","https://other.example"],"scope":["call","read"],"ttl_s":300}]}
            """,
            Cancel);
        return issuer;
    }

    private static async Task<RunningGateway> StartAsync(TemporaryFolder folder, Uri server, string[] more, string listening = "", string trust = "")
    {
        var port = RunningCairn.FreePort();
        await WriteAsync(folder, server, port, listening, trust);
        return await RunningGateway.StartAsync(folder, port, more);
    }

    private static async Task WriteAsync(TemporaryFolder folder, Uri server, int port, string listening, string trust)
    {
        ToolBundle.Write(folder, """@id("scope") permit (principal, action, resource) when { context.scopes.contains("call") };""");
        await File.WriteAllTextAsync(
            folder["gateway.json"],
            $$"""
            {
              "listen": [{ "address": "127.0.0.1:{{port}}"{{listening}} }],{{trust}}
              "audience": ["{{Gateway}}"],
              "agents": { "assistant": { "id": "{{Assistant}}", "owner": "pat@example.org", "broker_token": true } },
              "routes": { "/files": { "upstream": { "url": "{{server}}" }, "agents": ["assistant"], "policy": { "path": "bundle" } } },
            }
            """,
            Cancel);
    }

    private static async Task RefusedAsync(Uri url, IssuedCredential token, HttpStatusCode status, string scheme = "DPoP", string? proof = null)
    {
        using var answer = await CallAsync(url, token, 9, scheme, proof);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode} for {await answer.Content.ReadAsStringAsync(Cancel)}");
    }

    private static async Task<HttpResponseMessage> CallAsync(Uri url, IssuedCredential token, int number, string scheme = "DPoP", string? proof = null)
    {
        using var http = new HttpClient();
        using var request = Call(url, number);
        request.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {token.Token}");
        if ((proof ?? token.Prove!(HttpMethod.Post, url)) is { Length: > 0 } shown)
        {
            request.Headers.TryAddWithoutValidation("DPoP", shown);
        }

        return await http.SendAsync(request, Cancel);
    }

    private static HttpRequestMessage Call(Uri url, int number)
    {
        var message = $"{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"tools/call\",\"params\":{{\"name\":\"t\",\"arguments\":{{\"n\":{number}}}}}}}";
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        return request;
    }

    private static async Task<int> NumberAsync(HttpResponseMessage response)
    {
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        return answer.RootElement.GetProperty("result").GetProperty("n").GetInt32();
    }

    private static string? Text(Record record, string name) => record.Body.TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>A workload with an SVID, and a key that its tokens are bound to.</summary>
    private sealed class Agent : IDisposable
    {
        private readonly SpiffeId _id;
        private readonly LocalAuthority _authority;
        private readonly HttpCredentialSource _source;
        private readonly Cairn.Broker.Proofs.HolderKey _other = Cairn.Broker.Proofs.HolderKey.Create();

        public Agent(string data, string issuer, SpiffeId id)
        {
            _id = id;
            _authority = LocalAuthority.Open(LedgerDirectory.Open(data).KeysPath, "cairn.local");
            _source = new HttpCredentialSource(new BrokerClient(new BrokerClientOptions { Issuer = issuer, Identity = _authority.SourceFor(id) }));
        }

        public async Task<IssuedCredential> TokenAsync(string audience, string scope = "call", TimeSpan? ttl = null, string? subject = null) => await _source.ObtainAsync(
            new CredentialDemand
            {
                Actor = _id, SubjectToken = subject, Audience = audience, Scope = [scope], Ttl = ttl ?? TimeSpan.FromMinutes(2), Trace = TraceId.New(), Span = SpanId.New(),
            },
            Cancel);

        /// <summary>A proof for a token by a key that it is not bound to.</summary>
        public string Forged(Uri url, IssuedCredential token) => _other.Prove(HttpMethod.Post, url, token.Token);

        public void Dispose()
        {
            _source.Dispose();
            _authority.Dispose();
            _other.Dispose();
        }
    }
}
