using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Broker;
using Cairn.Broker.Proofs;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Credentials;
using Cairn.Ledger;

namespace Cairn.Bench.Credentials;

/// <summary>
/// Token exchanges: each kept, recorded and activated durably before the token leaves. In process, and over HTTP on
/// loopback with client assertion and DPoP proof, the client on the same cores. Beside them the signatures that no exchange
/// can do without: the subject token checked and the new one signed.
/// </summary>
internal static class ExchangeSection
{
    private const int Callers = 16;
    private const string Audience = "https://pay.example";
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://cairn.local/agent/bench");
    private static readonly SpiffeId Gateway = SpiffeId.Parse("spiffe://cairn.local/gateway/bench");

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits)
    {
        var data = Path.Combine(options.Data, "credentials");
        var issuer = $"http://127.0.0.1:{FreePort()}";
        var settings = new BrokerSettings { Issuer = issuer, Gateways = [Gateway.ToString()], MaxTtlS = 86_400 };
        await using var server = await BrokerServer.StartAsync(
            new BrokerServerOptions { Broker = new BrokerOptions { DataPath = data, Settings = settings, SweepEvery = null, Log = static _ => { } } }, CancellationToken.None);
        var broker = server.Broker;
        var directory = LedgerDirectory.Open(data);
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var grant = (await broker.GrantAsync(
            new GrantRequest { Subject = "ana@example.org", Audience = [Audience], Scope = ["pay", "read"], Ttl = TimeSpan.FromDays(1), Context = new TraceParent(TraceId.New(), SpanId.New()), By = "bench" },
            CancellationToken.None)).Token;

        using var key = HolderKey.Create();
        var request = new ExchangeRequest
        {
            Client = Gateway, Actor = Agent, SubjectToken = grant, Audience = [Audience], Scope = ["pay"], Ttl = TimeSpan.FromMinutes(5), HolderKey = $"jkt:{key.Thumbprint}", Context = new TraceParent(TraceId.New(), SpanId.New()),
        };
        var (inside, insideOne) = await BothAsync(options, async () => _ = await broker.ExchangeAsync(request with { Context = new TraceParent(request.Context.Trace, SpanId.New()) }, CancellationToken.None));

        using var source = new HttpCredentialSource(new BrokerClient(new BrokerClientOptions { Issuer = issuer, Identity = authority.SourceFor(Gateway) }));
        var demand = new CredentialDemand { Actor = Agent, SubjectToken = grant, Audience = Audience, Scope = ["pay"], Ttl = TimeSpan.FromMinutes(5), Trace = TraceId.New(), Span = SpanId.New() };
        var (outside, outsideOne) = await BothAsync(options, async () => _ = await source.ObtainAsync(demand, CancellationToken.None));

        var sign = Sign(options.Quick);
        var limit = new Beside(Environment.ProcessorCount / (sign + limits.Verify), $"one ES256 signature made and one checked, on all {Environment.ProcessorCount} cores, nothing else");
        return
        [
            new("credentials.sign", "limit: ES256 sign", Unit.Time, Better.Lower, sign),
            Row("credentials.exchange", "token exchange, in process", inside, insideOne, limit),
            Row("credentials.exchange_http", "token exchange over HTTP (assertion, DPoP)", outside, outsideOne, limit),
        ];
    }

    private static Row Row(string id, string what, double perSecond, Distribution one, Beside limit) => new(id, what, Unit.PerSecond, Better.Higher, perSecond)
    {
        Limit = limit,
        Details = [("callers at once", Callers, null), ("one caller alone, median", one.Median, Unit.Time), ("one caller alone, p99", one.P99, Unit.Time)],
    };

    private static async Task<(double PerSecond, Distribution One)> BothAsync(Options options, Func<Task> exchange)
    {
        var span = TimeSpan.FromSeconds(options.Quick ? 2 : 8);
        _ = await CountAsync(Callers, span / 2, exchange); // warm
        var seconds = new List<double>();
        var until = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(until) < span)
        {
            var started = Stopwatch.GetTimestamp();
            await exchange();
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        return (await CountAsync(Callers, span, exchange), new Distribution([.. seconds]));
    }

    private static async Task<double> CountAsync(int callers, TimeSpan span, Func<Task> exchange)
    {
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var count = 0;
            for (; Stopwatch.GetElapsedTime(started) < span; count++)
            {
                await exchange();
            }

            return count;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Sign(bool quick)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var data = RandomNumberGenerator.GetBytes(512);
        return Repeat.SecondsPerCall(quick ? 3 : 7, quick ? 1_000 : 5_000, () => _ = key.SignData(data, HashAlgorithmName.SHA256));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
