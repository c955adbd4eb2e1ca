using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.HttpGateway.Tests.Harness;

/// <summary>An npm MCP server over streamable HTTP, in a process of its own.</summary>
internal sealed class NodeServer : IAsyncDisposable
{
    private readonly Process _process;

    private NodeServer(Process process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }

    public static Task<NodeServer> EverythingAsync() =>
        StartAsync(TestPaths.NodeModule("@modelcontextprotocol/server-everything/dist/index.js"), "streamableHttp");

    public static async Task<NodeServer> StartAsync(params string[] arguments)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["PORT"] = $"{port}";
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new NodeServer(process, new Uri($"http://127.0.0.1:{port}/mcp"));
        for (var i = 0; i < 500; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return server;
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(20);
            }
        }

        await server.DisposeAsync();
        throw new TimeoutException($"node {string.Join(' ', arguments)} does not listen at {port}");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
