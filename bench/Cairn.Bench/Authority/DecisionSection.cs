using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Bench.Measuring;
using Cairn.Evidence;
using Cairn.Policy;

namespace Cairn.Bench.Authority;

/// <summary>
/// What a decision costs in process: from the request to the decision, input document included, with bundles of 10, 100
/// and 1,000 policies, and with 1,000 callers at once. One policy in ten is a guard that is put to the engine each time;
/// the others name a tool in their head, as policies that are written for tools do. Each is measured for requests that differ
/// from all before, so that the engine is asked, and for twenty requests that come again and again.
/// </summary>
internal static class DecisionSection
{
    private const double AimSeconds = 0.1e-3;
    private const int Callers = 1000;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options)
    {
        var rows = new List<Row>();
        foreach (var again in (bool[])[false, true])
        {
            var (id, what) = again ? (".again", ", asked before") : ("", "");
            var smallest = await OneByOneAsync(options, Policies(1, Naming.Head), 1, again);
            foreach (var policies in (int[])[10, 100, 1000])
            {
                var each = await OneByOneAsync(options, Policies(policies, Naming.Head), policies, again);
                rows.AddRange(Pair($"decision.{policies}{id}", $"decision, {policies} policies{what}", each, smallest));
            }

            rows.AddRange(Pair(
                $"decision.1000.condition{id}", $"decision, 1000 policies that name a tool in their condition{what}",
                await OneByOneAsync(options, Policies(1000, Naming.Condition), 1000, again), smallest));
            rows.AddRange(Pair(
                $"decision.1000.unnamed{id}", $"decision, 1000 policies that name nothing{what}",
                await OneByOneAsync(options, Policies(1000, Naming.None), 1000, again), smallest));
            rows.AddRange(await ParallelAsync(options, again, id, what));
        }

        return rows;
    }

    /// <summary>Where the policies for tools name theirs.</summary>
    private enum Naming
    {
        Head,
        Condition,
        None,
    }

    private static IEnumerable<Row> Pair(string id, string what, Distribution each, Distribution smallest) =>
    [
        new($"{id}.p50", $"{what}, p50", Unit.Time, Better.Lower, each.Median)
        {
            Limit = new Beside(smallest.Median, "a decision under one policy, p50"),
            Aim = AimSeconds,
            Details = [("decisions", each.Count, null)],
        },
        new($"{id}.p99", $"{what}, p99", Unit.Time, Better.Lower, each.P99) { Limit = new Beside(smallest.P99, "a decision under one policy, p99") },
    ];

    private static async Task<Distribution> OneByOneAsync(Options options, string policies, int count, bool again)
    {
        await using var host = await OpenAsync(options, policies);
        var (next, calls) = (0, (options.Quick ? 2_000 : 20_000) / (count >= 1000 ? 4 : 1));
        var requests = Requests(again ? 20 : calls + (calls / 4), count);
        return Repeat.Each(calls / 4, calls, () => Decide(host, requests[next++ % requests.Length]));
    }

    /// <summary>So many different requests, for twenty tools.</summary>
    private static AuthorizationRequest[] Requests(int different, int policies) =>
        [.. Enumerable.Range(0, different).Select(i => Request(i % 20 * policies / 20, i))];

    private static async Task<IReadOnlyList<Row>> ParallelAsync(Options options, bool again, string id, string what)
    {
        await using var host = await OpenAsync(options, Policies(100, Naming.Head));
        var rounds = options.Quick ? 5 : 30;
        var requests = Requests(again ? 20 : (rounds + 2) * Callers, 100);
        var seconds = new double[rounds * Callers];
        long started = 0;
        for (var round = -2; round < rounds; round++)
        {
            if (round == 0)
            {
                started = Stopwatch.GetTimestamp();
            }

            var (at, first) = (Math.Max(0, round) * Callers, (round + 2) * Callers);
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => Task.Run(async () =>
            {
                var asked = Stopwatch.GetTimestamp();
                Check(await host.DecideAsync(requests[(first + i) % requests.Length], CancellationToken.None));
                seconds[at + i] = Stopwatch.GetElapsedTime(asked).TotalSeconds;
            })));
        }

        var each = new Distribution(seconds);
        var rate = seconds.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
        return
        [
            new($"decision.parallel.rate{id}", $"decisions at {Callers} callers, 100 policies{what}", Unit.PerSecond, Better.Higher, rate)
            {
                Aim = Environment.ProcessorCount / AimSeconds,
                Details = [("time of one, waiting included, p50", each.Median, Unit.Time), ("p99", each.P99, Unit.Time), ("decisions", each.Count, null)],
            },
        ];
    }

    private static void Decide(PolicyHost host, AuthorizationRequest request)
    {
        var pending = host.DecideAsync(request, CancellationToken.None);
        Check(pending.IsCompletedSuccessfully ? pending.Result : throw new BenchException("a decision of one caller alone had to wait"));
    }

    private static void Check(PolicyDecision decision)
    {
        if (decision.Outcome != PolicyOutcome.Allow || decision.Errors.Count > 0)
        {
            throw new BenchException($"expected allow, found {decision.Outcome}: {decision.Reason} {string.Join("; ", decision.Errors)}");
        }
    }

    private static async Task<PolicyHost> OpenAsync(Options options, string policies)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.Data, $"policy-{Guid.NewGuid():N}")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "bundle.json"), Manifest);
        await File.WriteAllTextAsync(Path.Combine(folder, "schema.cedarschema"), Schema);
        await File.WriteAllTextAsync(Path.Combine(folder, "policies.cedar"), policies);
        return await PolicyHost.OpenAsync(new PolicyHostOptions { Path = folder, Watch = false }, CancellationToken.None);
    }

    private static string Policies(int count, Naming naming)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            text.AppendLine((naming, i % 10 == 9) switch
            {
                (_, true) => string.Create(CultureInfo.InvariantCulture, $"@id(\"guard{i}\") forbid (principal, action == Action::\"tool.call\", resource) when {{ context.delegation.depth > {i + 5} && context.arguments has path && context.arguments.path like \"/secret{i}/*\" }};"),
                (Naming.Head, _) => string.Create(CultureInfo.InvariantCulture, $"@id(\"tool{i}\") permit (principal, action == Action::\"tool.call\", resource == Tool::\"files/tool{i}\") when {{ context.scopes.contains(\"files\") && context.delegation.depth <= 3 }};"),
                (Naming.None, _) => string.Create(CultureInfo.InvariantCulture, $"@id(\"tool{i}\") permit (principal, action == Action::\"tool.call\", resource) when {{ context.scopes.contains(\"files\") && context.name == \"tool{i}\" && context.delegation.depth <= 3 }};"),
                _ => string.Create(CultureInfo.InvariantCulture, $"@id(\"tool{i}\") permit (principal, action == Action::\"tool.call\", resource) when {{ context.name == \"tool{i}\" && context.scopes.contains(\"files\") && context.delegation.depth <= 3 }};"),
            });
        }

        return text.ToString();
    }

    private static AuthorizationRequest Request(int tool, int number)
    {
        var name = $"tool{(tool % 10 == 9 ? tool - 1 : tool)}";
        return new AuthorizationRequest
        {
            Principal = SpiffeId.Parse("spiffe://example.org/agent/coder"),
            DelegationChain = ["user:alice", "spiffe://example.org/agent/orchestrator"],
            Owner = "alice",
            Authenticated = "x509-svid",
            ActionType = "tool.call",
            ActionName = name,
            Resource = $"mcp://files/tools/{name}",
            Server = "files",
            Writes = false,
            Scopes = ["files", "search"],
            Trace = TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736"),
            Depth = 2,
            Time = new DateTimeOffset(2026, 11, 25, 12, 0, 0, TimeSpan.Zero),
            Arguments = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"path\": \"/workspace/src/main{number}.rs\", \"head\": 20}}")),
        };
    }

    private const string Manifest = """{"name":"bench","version":"1","arguments":[{"action":"tool.call","members":{"path":"text"}}]}""";

    private const string Schema = """
        entity Agent = { trust_domain: String, path: String, owner: String, authenticated: String };
        entity Server;
        entity Tool in [Server];
        type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
        action "tool.call" appliesTo { principal: [Agent], resource: [Tool], context: {
          name: String, server: String, uri: String, delegation: Delegation, scopes: Set<String>,
          time: datetime, writes?: Bool, approved: Bool, arguments: { path?: String } } };
        """;
}
