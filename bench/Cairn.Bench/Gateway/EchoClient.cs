using System.Diagnostics;
using Cairn.Bench.Measuring;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Bench.Gateway;

/// <summary>The official client before the npm server-everything, with or without something between them.</summary>
internal static class EchoClient
{
    private const int Turn = 25;

    private static readonly Dictionary<string, object?> Arguments = new() { ["message"] = "a message of ordinary length for a tool that gives it back" };

    /// <summary>The server's script.</summary>
    public static string Server(Options options) => Path.Combine(options.Peers, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js");

    /// <summary>The program that stands between, as ./cairn publishes it.</summary>
    public static string Gateway(Options options) => Path.Combine(options.Root, ".build", "current", "cairn");

    public static async Task<McpClient> ConnectAsync(string command, string[] arguments)
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

    /// <summary>
    /// What each call takes without something between client and server, and with it, one after the other: in turns of a few calls
    /// each, so that both see the same machine, after as many as the just-in-time compiler needs.
    /// </summary>
    public static async Task<(Distribution Without, Distribution With)> CompareAsync(McpClient direct, McpClient through, Options options, int calls)
    {
        var warmUp = options.Quick ? 300 : 1500;
        await CallAsync(direct, warmUp, []);
        await CallAsync(through, warmUp, []);
        var (without, with) = (new List<double>(), new List<double>());
        while (with.Count < calls)
        {
            await CallAsync(direct, Turn, without);
            await CallAsync(through, Turn, with);
        }

        return (new Distribution([.. without]), new Distribution([.. with]));
    }

    /// <summary>Calls one after the other, and adds the time of each.</summary>
    private static async Task CallAsync(McpClient client, int calls, List<double> seconds)
    {
        for (var i = 0; i < calls; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await CallAsync(client);
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }

    /// <summary>So many callers at once, each one call after the other.</summary>
    /// <returns>Calls for each second.</returns>
    public static async Task<double> RateAsync(McpClient client, int callers, int calls)
    {
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var i = 0; i < calls / callers; i++)
            {
                await CallAsync(client);
            }
        }));
        return calls / callers * callers / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task CallAsync(McpClient client)
    {
        var result = await client.CallToolAsync("echo", Arguments);
        if (result.IsError == true || result.Content is not [TextContentBlock { Text.Length: > 40 }])
        {
            throw new BenchException($"echo did not give back what it was sent, but {(result.Content is [TextContentBlock text, ..] ? text.Text : "no text")}");
        }
    }
}
