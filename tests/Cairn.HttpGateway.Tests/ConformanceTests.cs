using System.Diagnostics;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;
using Cairn.HttpGateway.Tests.Harness;

namespace Cairn.HttpGateway.Tests;

/// <summary>The official conformance suite's server scenarios come out the same through the gateway as without it.</summary>
public sealed class ConformanceTests
{
    private const string Rebinding = "dns-rebinding-protection";

    [Fact]
    public async Task Server_that_passes_the_suite_passes_it_through_the_gateway()
    {
        await using var server = await NodeServer.StartAsync(Path.Combine(TestPaths.Root, "tests", "npm", "conformance-server.mjs"));
        await using var bench = await BehindAsync(server.Url);

        var direct = await SuiteAsync(server.Url);
        var through = await SuiteAsync(bench["/mcp"]);
        await bench.Gateway.StopAsync();

        Assert.Equal(32, direct.Count);
        Assert.All(direct.Values, outcome => Assert.EndsWith(" 0 failed", outcome, StringComparison.Ordinal));
        Assert.Equal(direct, through);
        RecordChecks.Hold(bench.Records);
        Assert.Contains(bench.Records, r => r.Kind == RecordKinds.ActionCompleted && GatewayBench.Body(r)["type"]!.GetValue<string>() == "model.call");
    }

    [Fact]
    public async Task Server_that_fails_scenarios_fails_the_same_through_the_gateway_which_adds_protection_against_rebinding()
    {
        await using var server = await NodeServer.EverythingAsync();
        await using var bench = await BehindAsync(server.Url);

        var direct = await SuiteAsync(server.Url);
        var through = await SuiteAsync(bench["/mcp"]);

        Assert.Contains("1 failed", direct[Rebinding], StringComparison.Ordinal);
        Assert.Equal("2 passed, 0 failed", through[Rebinding]);
        direct.Remove(Rebinding);
        through.Remove(Rebinding);
        Assert.Equal(direct, through);
    }

    /// <summary>The suite can't be told to show a credential: it is the agent that a loopback listener takes it for.</summary>
    private static Task<GatewayBench> BehindAsync(Uri server) => GatewayBench.StartAsync(server, configuration =>
    {
        var agent = configuration["agents"]!["tester"]!.AsObject();
        agent.Remove("token_file");
        agent["loopback"] = true;
    });

    private static async Task<SortedDictionary<string, string>> SuiteAsync(Uri url)
    {
        var output = TestPaths.Scratch();
        var npm = Path.Combine(TestPaths.Root, "tests", "npm");
        var start = new ProcessStartInfo("node", ["--import", "./node20.mjs", "node_modules/@modelcontextprotocol/conformance/dist/index.js", "server", "--suite", "all", "--url", url.ToString(), "-o", output])
        {
            WorkingDirectory = npm,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _ = TestPaths.NodeModule("@modelcontextprotocol/conformance/dist/index.js");
        using var suite = Process.Start(start)!;
        var errors = suite.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = (await suite.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n');
        await suite.WaitForExitAsync(TestContext.Current.CancellationToken);
        Directory.Delete(output, recursive: true);
        var outcomes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines.SkipWhile(l => !l.Contains("SUMMARY", StringComparison.Ordinal)).Skip(1).Where(l => l.Length > 2 && l[0] is '✓' or '✗'))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            outcomes[line[2..colon]] = line[(colon + 2)..].Trim();
        }

        Assert.True(outcomes.Count > 0, await errors);
        return outcomes;
    }
}
