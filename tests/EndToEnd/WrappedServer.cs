using System.Diagnostics;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.EndToEnd;

/// <summary>A real npm server behind <c>cairn mcp</c>, driven by the official client over the process's own pipes, so that a test can kill it.</summary>
public sealed class WrappedServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _drain;
    private readonly List<string> _messages;

    private WrappedServer(Process process, McpClient client, Task drain, List<string> messages) =>
        (_process, Client, _drain, _messages) = (process, client, drain, messages);

    public McpClient Client { get; }

    public int ProcessId => _process.Id;

    /// <summary>Whether <see cref="Kill"/> was called: from then on its calls may fail.</summary>
    public bool IsKilled { get; private set; }

    public string Messages
    {
        get
        {
            lock (_messages)
            {
                return string.Join('\n', _messages);
            }
        }
    }

    public static string[] Everything => ["node", Path.Combine(CairnProgram.DemoServers, "server-everything/dist/index.js"), "stdio"];

    public static string[] Files(string folder) => ["node", Path.Combine(CairnProgram.DemoServers, "server-filesystem/dist/index.js"), folder];

    public static Task<WrappedServer> EverythingAsync(string data, params string[] options) => StartAsync(data, options, Everything);

    public static async Task<WrappedServer> StartAsync(string data, string[] options, string[] server, Action<ProcessStartInfo>? change = null)
    {
        var start = CairnProgram.Start(["mcp", "--data", data, .. options, "--", .. server]);
        change?.Invoke(start);
        var process = Process.Start(start) ?? throw new InvalidOperationException("cairn did not start");
        var messages = new List<string>();
        var drain = Task.Run(async () =>
        {
            while (await process.StandardError.ReadLineAsync() is { } line)
            {
                lock (messages)
                {
                    messages.Add(line);
                }
            }
        });
        try
        {
            var client = await McpClient.CreateAsync(
                new StreamClientTransport(process.StandardInput.BaseStream, process.StandardOutput.BaseStream),
                new McpClientOptions { ClientInfo = new Implementation { Name = "end-to-end", Version = "1" } });
            return new WrappedServer(process, client, drain, messages);
        }
        catch (Exception problem)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"no MCP session through cairn mcp; it said:\n{string.Join('\n', messages)}", problem);
        }
    }

    public Task<CallToolResult> EchoAsync(string message) =>
        Client.CallToolAsync("echo", new Dictionary<string, object?> { ["message"] = message }).AsTask();

    /// <summary>SIGKILL to the gateway and the server below it: nothing is flushed, nothing is closed.</summary>
    public void Kill()
    {
        IsKilled = true;
        _process.Kill(entireProcessTree: true);
    }

    /// <summary>Ends the session as a client does: closes the pipe, and waits for the program to end by itself.</summary>
    public async Task<int> CloseAsync()
    {
        await Client.DisposeAsync();
        _process.StandardInput.Close();
        await _process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        await _drain;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
