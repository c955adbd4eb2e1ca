using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Cairn.EndToEnd;

/// <summary>The process of an MCP server in Node.js that speaks HTTP.</summary>
internal sealed class HttpServer(Process process, Uri url) : IAsyncDisposable
{
    private const string Plain = """
        import { createServer } from 'node:http';
        createServer((request, response) => {
          let body = '';
          request.on('data', piece => body += piece).on('end', () => {
            const { id, params } = JSON.parse(body);
            setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' })
              .end(JSON.stringify({ jsonrpc: '2.0', id, result: { n: params.arguments.n } })), Math.random() * 50);
          });
        }).listen(process.env.PORT, '127.0.0.1', 4096);
        """;

    public Uri Url => url;

    public static Task<HttpServer> EverythingAsync() => StartAsync(Path.Combine(CairnProgram.DemoServers, "server-everything/dist/index.js"), "streamableHttp");

    public static async Task<HttpServer> PlainAsync(string path)
    {
        await File.WriteAllTextAsync(path, Plain);
        return await StartAsync(path);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task<HttpServer> StartAsync(params string[] arguments)
    {
        var port = RunningCairn.FreePort();
        var start = new ProcessStartInfo("node", arguments);
        start.Environment["PORT"] = $"{port}";
        var process = Process.Start(start)!;
        for (var i = 0; i < 500; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                break;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        return new HttpServer(process, new Uri($"http://127.0.0.1:{port}/mcp"));
    }
}
