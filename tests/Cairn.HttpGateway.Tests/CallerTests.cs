using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Tests.Harness;
using Cairn.Identity;
using Cairn.Identity.Bundles;

namespace Cairn.HttpGateway.Tests;

/// <summary>Callers are known by their authentication and by nothing else.</summary>
public sealed class CallerTests
{
    private static readonly SpiffeId Payer = SpiffeId.Parse("spiffe://test.local/agent/payer");

    [Theory]
    [InlineData(null, 401, "unauthenticated")]
    [InlineData("Bearer wrong-token-of-nobody-at-all", 401, "credential_rejected")]
    [InlineData("Basic dGVzdDp0ZXN0", 401, "credential_rejected")]
    [InlineData("Bearer ", 401, "credential_rejected")]
    public async Task Caller_without_a_good_credential_gets_a_problem_document_and_reaches_nothing(string? authorization, int status, string code)
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);
        bench.Http.DefaultRequestHeaders.Remove("Authorization");

        using var response = await bench.PostAsync(GatewayBench.Call(1, "pay"), "/mcp", authorization is null ? [] : [("Authorization", authorization)]);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(code, (await GatewayBench.MessageAsync(response))["code"]!.GetValue<string>());
        Assert.NotEmpty(response.Headers.WwwAuthenticate);
        Assert.Empty(server.Seen);
        Assert.DoesNotContain("nobody-at-all", bench.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Claims_in_the_message_do_not_change_who_calls()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(1, "pay", meta: new JsonObject { ["agent"] = "spiffe://test.local/agent/admin", ["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = "admin", ["version"] = "1" } }));

        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal("spiffe://test.local/agent/tester", (await bench.CompletedAsync("ok")).Actor.Id.ToString());
    }

    [Fact]
    public async Task Certificate_of_the_handshake_says_who_calls_over_tls()
    {
        await using var server = await PuppetServer.PlainAsync();
        using var tls = new TlsFiles();
        await using var bench = await StartTlsAsync(server, tls);
        using var client = tls.Client(tls.Authority, Payer);

        using var response = await PostAsync(client, bench, "Bearer-less");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var completed = await bench.CompletedAsync("ok");
        Assert.Equal(Payer, completed.Actor.Id);
        await bench.Gateway.StopAsync();
        Assert.Equal("x509-svid", GatewayBench.Body(bench.Records.First(r => r.Kind == RecordKinds.TaskStarted))["authenticated"]!.GetValue<string>());
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Certificate_of_another_authority_ends_the_handshake()
    {
        await using var server = await PuppetServer.PlainAsync();
        using var tls = new TlsFiles();
        using var other = LocalAuthority.Create(Path.Combine(tls.Folder, "other"), "test.local");
        await using var bench = await StartTlsAsync(server, tls);
        using var client = tls.Client(other, Payer);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => PostAsync(client, bench, "x"));

        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task Certificate_of_an_unknown_workload_is_not_permitted_and_one_that_ends_is_refused_on_the_open_connection()
    {
        await using var server = await PuppetServer.PlainAsync();
        using var tls = new TlsFiles();
        await using var bench = await StartTlsAsync(server, tls);
        using var stranger = tls.Client(tls.Authority, SpiffeId.Parse("spiffe://test.local/agent/stranger"));
        using var brief = tls.Client(tls.Authority, Payer, TimeSpan.FromSeconds(2));

        using var refused = await PostAsync(stranger, bench, "x");
        using var before = await PostAsync(brief, bench, "x");

        // Its last second counts still (RFC 5280 §4.1.2.5).
        await Task.Delay(TimeSpan.FromSeconds(3.2), TestContext.Current.CancellationToken);
        using var after = await PostAsync(brief, bench, "x");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
        Assert.Single(server.Seen);
    }

    [Theory]
    [InlineData("https://gateway.test", 60, 200)]
    [InlineData("https://elsewhere.test", 60, 401)]
    [InlineData("https://gateway.test", -1, 401)]
    public async Task Jwt_svid_is_taken_for_its_audience_and_its_time(string audience, int seconds, int status)
    {
        await using var server = await PuppetServer.PlainAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var bench = await GatewayBench.StartAsync(b =>
        {
            var configuration = b.Configuration(server.Url);
            var bundle = new TrustBundle("test.local") { JwtAuthorities = [new JwtAuthority("k1", key.ExportSubjectPublicKeyInfo())] };
            var file = Path.Combine(b.Folder, "bundle.json");
            File.WriteAllBytes(file, bundle.Encode());
            configuration["trust"] = new JsonObject { ["test.local"] = file };
            configuration["agents"]!["payer"] = new JsonObject { ["id"] = Payer.ToString(), ["owner"] = "pat", ["jwt_audience"] = "https://gateway.test" };
            configuration["routes"]!["/mcp"]!["agents"]!.AsArray().Add("payer");
            return configuration;
        });
        var claims = $$"""{"sub":"{{Payer}}","aud":"{{audience}}","exp":{{DateTimeOffset.UtcNow.ToUnixTimeSeconds() + seconds}},"jti":"j1"}""";
        var signed = $"{Base64Url.EncodeToString("""{"alg":"ES256","kid":"k1"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        var token = $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";

        using var response = await bench.PostAsync(GatewayBench.Call(1, "pay"), "/mcp", ("Authorization", $"Bearer {token}"));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, server.Seen.Count);
        if (status == 200)
        {
            Assert.Equal(Payer, (await bench.CompletedAsync("ok")).Actor.Id);
        }
    }

    [Fact]
    public async Task Access_token_is_judged_by_the_brokers_verifier_with_proof_and_address()
    {
        await using var server = await PuppetServer.PlainAsync();
        var verifier = new OneToken();
        await using var bench = await GatewayBench.StartAsync(b =>
        {
            var configuration = b.Configuration(server.Url);
            configuration["audience"] = new JsonArray("https://gw.test");
            configuration["agents"]!["payer"] = new JsonObject { ["id"] = Payer.ToString(), ["owner"] = "pat", ["broker_token"] = true };
            configuration["routes"]!["/mcp"]!["agents"]!.AsArray().Add("payer");
            return configuration;
        }, options => options with { AccessTokens = verifier });

        using var good = await bench.PostAsync(GatewayBench.Call(1, "pay"), "/mcp", ("Authorization", "DPoP the-token"), ("DPoP", "proof-1"));
        using var bad = await bench.PostAsync(GatewayBench.Call(2, "pay"), "/mcp", ("Authorization", "DPoP another-token"), ("DPoP", "proof-2"));

        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, bad.StatusCode);
        Assert.Equal(["proof-1"], verifier.First!.Proofs);
        Assert.Equal(bench["/mcp"], verifier.First.Address);
        var started = await bench.RecordAsync(r => r.Kind == RecordKinds.TaskStarted);
        Assert.Equal("user:ana", GatewayBench.Body(started)["principal"]!.GetValue<string>());
        Assert.Equal("oauth2", GatewayBench.Body(started)["authenticated"]!.GetValue<string>());
        var refused = Assert.Single(bench.Records, r => r.Kind == RecordKinds.CredentialRefused);
        Assert.Equal(["jti-2", "invalid_token"], new[] { "id", "error" }.Select(name => GatewayBench.Body(refused)[name]!.GetValue<string>()));
        Assert.Contains("DPoP error=\"invalid_token\", algs=", bad.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        await bench.Gateway.StopAsync();
        RecordChecks.Hold(bench.Records);
    }

    [Theory]
    [InlineData("evil.example", null, 421)]
    [InlineData(null, "https://evil.example", 403)]
    [InlineData(null, "null", 403)]
    [InlineData(null, "http://localhost:5173", 200)]
    [InlineData("localhost", null, 200)]
    public async Task Host_and_origin_are_checked_against_rebinding(string? host, string? origin, int status)
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(1, "pay"), "/mcp", host is not null ? ("Host", host) : origin is not null ? ("Origin", origin) : ("X-Nothing", "1"));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, server.Seen.Count);
    }

    private static Task<GatewayBench> StartTlsAsync(PuppetServer server, TlsFiles tls) => GatewayBench.StartAsync(server.Url, configuration =>
    {
        configuration["listen"]![0]!["tls"] = new JsonObject { ["certificate"] = tls.Certificate, ["key"] = tls.Key, ["client_certificate"] = "required" };
        configuration["trust"] = new JsonObject { ["test.local"] = tls.Bundle };
        configuration["agents"] = new JsonObject { ["payer"] = new JsonObject { ["id"] = Payer.ToString(), ["owner"] = "pat", ["certificate"] = true } };
        configuration["routes"]!["/mcp"]!["agents"] = new JsonArray("payer");
    });

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, GatewayBench bench, string text)
    {
        using var content = new StringContent(GatewayBench.Call(1, "echo", new JsonObject { ["text"] = text }), Encoding.UTF8, "application/json");
        return await client.PostAsync(new Uri($"https://localhost:{bench.Gateway.Addresses[0].Port}/mcp"), content);
    }

    private sealed class OneToken : IAccessTokenVerifier
    {
        public ShownAccessToken? First { get; private set; }

        public ValueTask<VerifiedAccessToken> VerifyAsync(ShownAccessToken shown, CancellationToken cancellationToken)
        {
            First ??= shown;
            return shown.Token == "the-token"
                ? ValueTask.FromResult(new VerifiedAccessToken { Holder = Payer, DelegationChain = ["user:ana"], Scopes = ["pay"], Id = "jti-1", Expires = DateTimeOffset.UtcNow.AddMinutes(1) })
                : throw new AccessTokenRejectedException("invalid_token", "the token is not active") { Token = new RejectedAccessToken("jti-2", "https://broker.test", "user:ben") { Audience = ["https://gw.test"], Scope = ["pay"] } };
        }
    }

    /// <summary>A server certificate, and an authority of workloads.</summary>
    private sealed class TlsFiles : IDisposable
    {
        private readonly X509Certificate2 _server;

        public TlsFiles()
        {
            Folder = Directory.CreateTempSubdirectory("cairn-tls-").FullName;
            Authority = LocalAuthority.Create(Path.Combine(Folder, "ca"), "test.local");
            (Certificate, Key, Bundle) = (Path.Combine(Folder, "server.pem"), Path.Combine(Folder, "server.key"), Path.Combine(Folder, "bundle.json"));
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
            _server = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1));
            File.WriteAllText(Certificate, _server.ExportCertificatePem());
            File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
            File.WriteAllBytes(Bundle, new TrustBundle("test.local") { X509Authorities = [Authority.RootCertificate] }.Encode());
        }

        public string Folder { get; }

        public LocalAuthority Authority { get; }

        public string Certificate { get; }

        public string Key { get; }

        public string Bundle { get; }

        /// <summary>A client with an SVID of its own, that trusts the server's certificate and nothing else.</summary>
        public HttpClient Client(LocalAuthority authority, SpiffeId id, TimeSpan? ttl = null)
        {
            using var svid = authority.Issue(id, ttl ?? TimeSpan.FromMinutes(5));
            using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0]);
            using var withKey = leaf.CopyWithPrivateKey(svid.Key);
            var handler = new SocketsHttpHandler { UseProxy = false };
            handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null)];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, certificates, _, _) => certificates[0];
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetRawCertData().AsSpan().SequenceEqual(_server.RawData);
            return new HttpClient(handler);
        }

        public void Dispose()
        {
            _server.Dispose();
            Authority.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
