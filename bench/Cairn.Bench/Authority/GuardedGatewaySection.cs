using Cairn.Bench.Gateway;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Ledger;

namespace Cairn.Bench.Authority;

/// <summary>
/// What the gateway adds to a tool call with everything on: decided under a Cedar bundle, with a credential of the broker,
/// strict. Against the same server without it, in turns, and at many calls at once.
/// </summary>
internal static class GuardedGatewaySection
{
    private const int Callers = 64;
    private const double AllowedBesideSync = 1e-3;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits)
    {
        var server = EchoClient.Server(options);
        var rows = new List<Row>();
        await using var direct = await EchoClient.ConnectAsync("node", [server, "stdio"]);
        foreach (var (name, what, credential) in new[]
        {
            ("decided", "decided", ""),
            ("per_task", "decided, credential for the task", """, "per_task": true"""),
            ("per_call", "decided, credential for each call", """, "per_task": false"""),
        })
        {
            var data = Path.Combine(options.Data, $"guarded-{name}");
            await using var through = await EchoClient.ConnectAsync(
                EchoClient.Gateway(options), ["mcp", "--data", SetUp(data), "--policy", Bundle(Path.Combine(options.Data, $"bundle-{name}"), credential), "--", "node", server, "stdio"]);
            var calls = options.Quick ? 250 : 2000;
            var (without, with) = await EchoClient.CompareAsync(direct, through, options, calls);
            rows.AddRange(Rows(name, what, without, with, limits, 1 + (credential.Contains("false", StringComparison.Ordinal) ? 3 : 0)));
            var plain = await EchoClient.RateAsync(direct, Callers, calls * 2);
            rows.Add(new($"guarded.{name}.rate", $"tool calls at {Callers} at once, {what}", Unit.PerSecond, Better.Higher, await EchoClient.RateAsync(through, Callers, calls * 2))
            {
                Limit = new Beside(plain, "the same server without the gateway"),
            });
        }

        return rows;
    }

    internal static IEnumerable<Row> Rows(string name, string what, Distribution without, Distribution with, MachineLimits limits, int syncs) =>
    [
        new($"guarded.{name}.p50", $"strict tool call, {what}: added, p50", Unit.Time, Better.Lower, with.Median - without.Median)
        {
            Limit = new Beside(syncs * limits.Append.Median, $"{syncs} × append of 4 KiB + fsync, p50"),
            Aim = limits.Append.Median + AllowedBesideSync,
            Details = [("with the gateway", with.Median, Unit.Time), ("without", without.Median, Unit.Time), ("calls each way", with.Count, null)],
        },
        new($"guarded.{name}.p99", $"strict tool call, {what}: added, p99", Unit.Time, Better.Lower, with.P99 - without.P99)
        {
            Limit = new Beside(syncs * limits.Append.P99, $"{syncs} × append of 4 KiB + fsync, p99"),
            Details = [("with the gateway", with.P99, Unit.Time), ("without", without.P99, Unit.Time)],
        },
    ];

    internal static string SetUp(string data)
    {
        var broker = Path.Combine(LedgerDirectory.OpenOrCreate(data).Root, "broker");
        Directory.CreateDirectory(broker);
        File.WriteAllText(Path.Combine(broker, "broker.json"), """
            {
              "gateways": ["spiffe://cairn.local/gateway/*"],
              "workloads": [{"id": "spiffe://cairn.local/agent/*", "audience": ["https://echo.example"], "scope": ["call"], "ttl_s": 3600}],
              "bearer_audience": ["https://echo.example"]
            }
            """);
        return data;
    }

    internal static string Bundle(string folder, string credential)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "bundle.json"), $$"""
            {
              "name": "bench", "version": "1", "description": "one tool", "engine": {"name": "cedar", "version": "4.13"},
              "capture": [{"input": "full"}],
              "credentials": { "echo": {"audience": "https://echo.example", "scope": ["call"], "ttl": "30m"{{credential}}} }
            }
            """);
        File.WriteAllText(Path.Combine(folder, "echo.cedar"), $$"""
            @id("echo")
            {{(credential.Length == 0 ? "" : "@credential(\"echo\")")}}
            permit (principal, action == Action::"tool.call", resource == Tool::"mcp-servers/everything/echo");
            """);
        File.WriteAllText(Path.Combine(folder, "schema.cedarschema"), """
            entity Agent = { trust_domain: String, path: String, owner: String, authenticated: String };
            entity Server;
            entity Tool in [Server];
            type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
            action "tool.call" appliesTo {
              principal: [Agent],
              resource: [Tool],
              context: {
                name: String, server: String, uri: String,
                delegation: Delegation, scopes: Set<String>, time: datetime, writes?: Bool, approved: Bool,
              },
            };
            """);
        File.WriteAllText(Path.Combine(folder, "entities.json"), "[]");
        return folder;
    }
}
