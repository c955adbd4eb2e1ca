using System.Diagnostics;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Bench.Gateway;

/// <summary>
/// What the gateway adds to a tool call: the official client calls <c>echo</c> of the npm server-everything one call after
/// the other, with and without <c>cairn mcp</c> between them, in turns of a few calls each so that both see the same machine.
/// </summary>
internal static class GatewaySection
{
    private const int Turn = 25;
    private const double AllowedBesideSync = 0.5e-3;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits)
    {
        var server = Path.Combine(options.Peers, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js");
        var data = Path.Combine(options.Data, "gateway");
        var gateway = Path.Combine(options.Root, "src", "Cairn.Cli", "bin", "Release", "net10.0", "cairn");
        await using var direct = await ConnectAsync("node", [server, "stdio"]);
        await using var through = await ConnectAsync(gateway, ["mcp", "--data", data, "--", "node", server, "stdio"]);

        var calls = options.Quick ? 500 : 4000;
        await CallAsync(direct, 200, []);
        await CallAsync(through, 200, []);
        var (without, with) = (new List<double>(), new List<double>());
        while (with.Count < calls)
        {
            await CallAsync(direct, Turn, without);
            await CallAsync(through, Turn, with);
        }

        return Rows(new Distribution([.. without]), new Distribution([.. with]), limits);
    }

    private static List<Row> Rows(Distribution without, Distribution with, MachineLimits limits)
    {
        var added = with.Median - without.Median;
        return
        [
            new("gateway.added.p50", "strict tool call, added by the gateway, p50", Unit.Time, Better.Lower, added)
            {
                Limit = new Beside(limits.Append.Median, "one append of 4 KiB + fsync, p50"),
                Aim = limits.Append.Median + AllowedBesideSync,
                Details = [("with the gateway", with.Median, Unit.Time), ("without", without.Median, Unit.Time), ("calls each way", with.Count, null)],
            },
            new("gateway.added.p99", "strict tool call, added by the gateway, p99", Unit.Time, Better.Lower, with.P99 - without.P99)
            {
                Limit = new Beside(limits.Append.P99, "one append of 4 KiB + fsync, p99"),
                Details = [("with the gateway", with.P99, Unit.Time), ("without", without.P99, Unit.Time)],
            },
        ];
    }

    private static async Task<McpClient> ConnectAsync(string command, string[] arguments)
    {
        try
        {
            return await McpClient.CreateAsync(new StdioClientTransport(new StdioClientTransportOptions
            {
                Name = "bench",
                Command = command,
                Arguments = arguments,
            }));
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            throw new BenchException($"{command} {string.Join(' ', arguments)}: no MCP session: {error.Message}", error);
        }
    }

    private static async Task CallAsync(McpClient client, int calls, List<double> seconds)
    {
        var arguments = new Dictionary<string, object?> { ["message"] = "a message of ordinary length for a tool that gives it back" };
        for (var i = 0; i < calls; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var result = await client.CallToolAsync("echo", arguments);
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (result.IsError == true || result.Content is not [TextContentBlock { Text.Length: > 40 }])
            {
                throw new BenchException("echo did not give back what it was sent");
            }
        }
    }
}
