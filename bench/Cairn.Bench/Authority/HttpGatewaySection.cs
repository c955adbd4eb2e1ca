using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cairn.Bench.Gateway;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using ModelContextProtocol.Client;

namespace Cairn.Bench.Authority;

/// <summary>
/// What <c>cairn gateway</c> adds to a tool call over streamable HTTP with everything on, against the same server without it,
/// in turns and at many calls at once; and the memory that it takes at its peak with many sessions open.
/// </summary>
internal static class HttpGatewaySection
{
    private const string Token = "token-of-the-bench-and-of-nobody-else";
    private const int Callers = 64;
    private const int OpenAtOnce = 16;
    private const double AllowedMemory = 512.0 * 1024 * 1024;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits)
    {
        var (serverPort, port) = (FreePort(), FreePort());
        using var server = await StartAsync("node", [EchoClient.Server(options), "streamableHttp"], serverPort);
        using var gateway = await StartAsync(EchoClient.Gateway(options), ["gateway", "--config", Configure(options, serverPort, port), "--data", GuardedGatewaySection.SetUp(Path.Combine(options.Data, "http"))], port);
        var (plain, guarded) = (new Uri($"http://127.0.0.1:{serverPort}/mcp"), new Uri($"http://127.0.0.1:{port}/echo"));
        var rows = new List<Row>();
        await using (var direct = await ConnectAsync(plain))
        await using (var through = await ConnectAsync(guarded))
        {
            var calls = options.Quick ? 250 : 2000;
            var (without, with) = await EchoClient.CompareAsync(direct, through, options, calls);
            rows.AddRange(GuardedGatewaySection.Rows("http", "over HTTP, decided, credential for the task", without, with, limits, 1));
            var alone = await EchoClient.RateAsync(direct, Callers, calls * 2);
            rows.Add(new("guarded.http.rate", $"tool calls over HTTP at {Callers} at once, decided, credential for the task", Unit.PerSecond, Better.Higher, await EchoClient.RateAsync(through, Callers, calls * 2))
            {
                Limit = new Beside(alone, "the same server without the gateway"),
            });
        }

        var before = Peak(gateway);
        var sessions = options.Quick ? 200 : 1000;
        await OpenSessionsAsync(guarded, sessions);
        var after = Peak(gateway);
        rows.Add(new("guarded.http.memory", $"the HTTP gateway's memory at its peak, with {sessions} sessions open", Unit.Bytes, Better.Lower, after)
        {
            Limit = new Beside(before, "its peak before them"),
            Aim = AllowedMemory,
            Details = [("for each session", Math.Max(0, after - before) / sessions, Unit.Bytes)],
        });
        return rows;
    }

    private static string Configure(Options options, int serverPort, int port)
    {
        GuardedGatewaySection.Bundle(Path.Combine(options.Data, "bundle-http"), """, "per_task": true""");
        var token = Path.Combine(options.Data, "http.token");
        using (var file = new FileStream(token, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            file.Write(Encoding.ASCII.GetBytes(Token));
        }

        var path = Path.Combine(options.Data, "gateway.json");
        File.WriteAllText(path, $$"""
            {
              "listen": [{ "address": "127.0.0.1:{{port}}" }],
              "agents": { "bench": { "id": "spiffe://cairn.local/agent/bench", "owner": "bench", "token_file": "http.token" } },
              "routes": { "/echo": { "upstream": { "url": "http://127.0.0.1:{{serverPort}}/mcp" }, "agents": ["bench"], "policy": { "path": "bundle-http", "watch": false } } }
            }
            """);
        return path;
    }

    private static Task<McpClient> ConnectAsync(Uri url) => McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions
    {
        Endpoint = url,
        TransportMode = HttpTransportMode.StreamableHttp,
        AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {Token}" },
    }));

    /// <summary>Opens sessions as clients do, some at a time, with one call in each; none is closed.</summary>
    private static async Task OpenSessionsAsync(Uri url, int count)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Token}");
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce }, async (_, cancel) =>
        {
            var session = await PostAsync(
                """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}""", null, cancel)
                ?? throw new BenchException("the server gave no session id");
            await PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", session, cancel);
            await PostAsync("""{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"message":"a message of ordinary length for a tool that gives it back"}}}""", session, cancel);
        });

        async Task<string?> PostAsync(string message, string? session, CancellationToken cancel)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
            if (session is not null)
            {
                request.Headers.TryAddWithoutValidation("Mcp-Session-Id", session);
            }

            using var response = await http.SendAsync(request, cancel);
            var text = await response.Content.ReadAsStringAsync(cancel);
            return !response.IsSuccessStatusCode || text.Contains("\"isError\":true", StringComparison.Ordinal)
                ? throw new BenchException($"HTTP {(int)response.StatusCode} for {message[..40]}…: {text}")
                : response.Headers.TryGetValues("Mcp-Session-Id", out var ids) ? ids.First() : null;
        }
    }

    /// <summary>Starts a process and waits until its port takes connections.</summary>
    private static async Task<RunningProcess> StartAsync(string command, string[] arguments, int port)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PORT"] = port.ToString(CultureInfo.InvariantCulture);
        var process = new RunningProcess(Process.Start(start) ?? throw new BenchException($"could not start {command}"));
        for (var i = 0; i < 1500 && !process.HasEnded; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return process;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        process.Dispose();
        throw new BenchException($"{command} {string.Join(' ', arguments)} does not listen: {process.Messages}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The most memory that the process had in RAM at a time, bytes (proc(5), <c>VmHWM</c>).</summary>
    private static double Peak(RunningProcess process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>A process whose output is read as it comes, so that it never waits for a reader, and that ends with this object.</summary>
    private sealed class RunningProcess : IDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _messages = new();

        public RunningProcess(Process process)
        {
            _process = process;
            void Take(object sender, DataReceivedEventArgs line)
            {
                lock (_messages)
                {
                    // The end of a short text is what names a failed start; more is not kept.
                    _ = _messages.Length < 4096 ? _messages.AppendLine(line.Data) : _messages;
                }
            }

            _process.OutputDataReceived += Take;
            _process.ErrorDataReceived += Take;
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public int Id => _process.Id;

        public bool HasEnded => _process.HasExited;

        public string Messages
        {
            get
            {
                lock (_messages)
                {
                    return _messages.ToString();
                }
            }
        }

        public void Dispose()
        {
            try
            {
                _process.Kill();
                _process.WaitForExit();
            }
            catch (InvalidOperationException)
            {
                // It has ended by itself.
            }

            _process.Dispose();
        }
    }
}
