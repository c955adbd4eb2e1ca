using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Cairn.Broker.Proofs;
using Cairn.Broker.Tokens;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Ledger;

namespace Cairn.Broker.Tests.Endpoints;

/// <summary>A broker over real HTTP on loopback, clients with real SVIDs, and the answers as they come over the wire.</summary>
internal sealed class HttpBench : IAsyncDisposable
{
    private readonly BrokerBench _bench = new();
    private readonly HttpClient _http;
    private readonly List<IDisposable> _owned = [];
    private readonly bool _isTls;

    private HttpBench(bool isTls)
    {
        _isTls = isTls;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            Issuer = $"{(isTls ? "https" : "http")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        }

        _bench.Settings = _bench.Settings with { Issuer = Issuer };
        Directory = LedgerDirectory.OpenOrCreate(_bench.Data);
        Authority = LocalAuthority.Open(Directory.KeysPath, Directory.TrustDomain);
        _http = Client(null);
    }

    public BrokerBench Bench => _bench;

    public BrokerServer Server { get; private set; } = null!;

    public LedgerDirectory Directory { get; }

    public LocalAuthority Authority { get; }

    public string Issuer { get; }

    public Uri Address(string endpoint) => new($"{Issuer}/{endpoint}");

    public static async Task<HttpBench> StartAsync(bool isTls = false, Func<BrokerSettings, BrokerSettings>? settings = null, TimeProvider? time = null)
    {
        var bench = new HttpBench(isTls);
        bench._bench.Settings = settings?.Invoke(bench._bench.Settings) ?? bench._bench.Settings;
        await bench.StartServerAsync(time);
        return bench;
    }

    public async Task StartServerAsync(TimeProvider? time = null) => Server = await BrokerServer.StartAsync(
        new BrokerServerOptions
        {
            Broker = new BrokerOptions { DataPath = _bench.Data, Settings = _bench.Settings, SweepEvery = null, Log = _bench.Note, Owner = "ops@example.org", Time = time ?? TimeProvider.System },
            TlsCertificatePath = _isTls ? TlsFiles().Certificate : null,
            TlsKeyPath = _isTls ? TlsFiles().Key : null,
        },
        BrokerBench.Cancel);

    /// <summary>A grant, made by the operator in the broker's own process.</summary>
    public ValueTask<IssuedToken> GrantAsync(SpiffeId? mayAct = null, TimeSpan? ttl = null) => _bench.GrantAsync(Server.Broker, mayAct, ttl);

    /// <summary>An HTTP client, with an SVID as TLS client certificate where one is given.</summary>
    public HttpClient Client(Svid? svid)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => // signed by nobody: it must be the very one
            certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(X509CertificateLoader.LoadCertificateFromFile(TlsFiles().Certificate).RawData);
        if (svid is not null)
        {
            using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0]);
            var certificate = leaf.CopyWithPrivateKey(svid.Key);
            _owned.Add(certificate);
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        var client = new HttpClient(handler);
        _owned.Add(client);
        return client;
    }

    public Svid Svid(SpiffeId id, TimeSpan? ttl = null)
    {
        var svid = Authority.Issue(id, ttl ?? TimeSpan.FromHours(1));
        _owned.Add(svid);
        return svid;
    }

    /// <summary>A client assertion, signed by the SVID's key (RFC 7523 §3, x5c).</summary>
    public string Assertion(Svid svid, string? audience = null, DateTimeOffset? now = null) => AssertionOf(svid, audience ?? Issuer, now);

    public static string AssertionOf(Svid svid, string audience, DateTimeOffset? now = null) => CompactJws.Sign(
        svid.Key,
        header =>
        {
            header.WriteString("alg", "ES256");
            header.WriteStartArray("x5c");
            svid.Chain.ToList().ForEach(c => header.WriteBase64StringValue(c));
            header.WriteEndArray();
        },
        json =>
        {
            var at = (now ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds();
            json.WriteString("iss", svid.Id.ToString());
            json.WriteString("sub", svid.Id.ToString());
            json.WriteString("aud", audience);
            json.WriteString("jti", Guid.NewGuid().ToString());
            json.WriteNumber("iat", at);
            json.WriteNumber("exp", at + 60);
        });

    /// <summary>Parameters of an exchange by a workload that authenticates by assertion.</summary>
    public List<(string Name, string Value)> Exchange(Svid client, string subject, params (string Name, string Value)[] more) =>
    [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subject), ("subject_token_type", TokenTypes.AccessToken),
        .. Authenticated(client), .. more,
    ];

    public (string Name, string Value)[] Authenticated(Svid client, string? assertion = null) =>
    [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion ?? Assertion(client)),
    ];

    public async Task<Answer> PostAsync(string endpoint, IEnumerable<(string Name, string Value)> form, HolderKey? key = null, string? proof = null, HttpClient? client = null, string? traceParent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(endpoint))
        {
            Content = new FormUrlEncodedContent(form.Select(p => KeyValuePair.Create(p.Name, p.Value))),
        };
        if ((proof ?? key?.Prove(HttpMethod.Post, Address(endpoint))) is { } shown)
        {
            request.Headers.Add("DPoP", shown);
        }

        request.Headers.Add("traceparent", traceParent ?? _bench.Context.ToString());
        return await Answer.OfAsync(await (client ?? _http).SendAsync(request, BrokerBench.Cancel));
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request) => await Answer.OfAsync(await _http.SendAsync(request, BrokerBench.Cancel));

    public Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, Address(path)));

    /// <summary>A token for a workload, or the test fails.</summary>
    public async Task<string> TokenAsync(Svid client, string subject, HolderKey? key = null, params (string Name, string Value)[] more)
    {
        var answer = await PostAsync("token", Exchange(client, subject, more), key ?? _bench.Key);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer["access_token"]!;
    }

    /// <summary>Every record of every trail, as text.</summary>
    public async Task<string> AllRecordsAsync()
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(Directory, new EmbeddedLedgerOptions { Sequence = false, Log = _bench.Note }, BrokerBench.Cancel);
        var text = new StringBuilder();
        await foreach (var entry in ledger.ReadAsync(0, ledger.Count(), BrokerBench.Cancel))
        {
            foreach (var record in entry.Records)
            {
                text.AppendLine(Encoding.UTF8.GetString(record.Span));
            }
        }

        return text.ToString();
    }

    public string IdOf(string token) => ExchangeTests.Claims(token).GetProperty("jti").GetString()!;

    public static string Thumbprint(Svid svid) => Base64Url.EncodeToString(SHA256.HashData(svid.Chain[0]));

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _owned.ForEach(o => o.Dispose());
        Authority.Dispose();
        _bench.Dispose();
    }

    private (string Certificate, string Key) TlsFiles()
    {
        var folder = Path.GetDirectoryName(_bench.Data)!;
        var (certificatePath, keyPath) = (Path.Combine(folder, "tls.pem"), Path.Combine(folder, "tls.key"));
        if (!File.Exists(keyPath))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=broker", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
            Cairn.Identity.Files.DurableFile.Write(keyPath, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        }

        return (certificatePath, keyPath);
    }
}

/// <summary>One server for the tests of a class: each makes grants of its own.</summary>
public sealed class HttpFixture : IAsyncLifetime
{
    internal HttpBench Http { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Http = await HttpBench.StartAsync();

    public ValueTask DisposeAsync() => Http.DisposeAsync();
}

/// <summary>An answer as it came.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, HttpResponseMessage Response)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? this[string name] => Json.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString() : JsonSerializer.Serialize(value) : null;

    public string? Header(string name) => Response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    public static async Task<Answer> OfAsync(HttpResponseMessage response) => new(response.StatusCode, await response.Content.ReadAsStringAsync(BrokerBench.Cancel), response);

    /// <summary>That it is this error, in the form of RFC 6749 §5.2.</summary>
    public void IsRefused(string error, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        Assert.Equal((status, error), (Status, this["error"]));
        Assert.Matches("^[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+$", this["error_description"]!);
        Assert.Null(this["access_token"]);
        Assert.Null(this["error_uri"]);
        Assert.StartsWith("application/json", Response.Content.Headers.ContentType?.ToString(), StringComparison.Ordinal);
        Assert.Contains("no-store", Header("Cache-Control"), StringComparison.Ordinal);
    }
}
