using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cairn.Evidence.Records;

namespace Cairn.EndToEnd;

public class ProxyTests
{
    private const string Marker = "marmalade-7f3a-tangerine";

    [Fact]
    public async Task A_command_finds_the_proxy_and_what_it_sends_is_a_trail_that_verifies_and_holds_no_content()
    {
        using var folder = new TemporaryFolder();
        await using var origin = new Origin();

        var outcome = await CairnProgram.RunAsync(
            "proxy", "--data", folder["data"], "--", "node", "-e",
            $"const http=require('http');const p=new URL(process.env.HTTP_PROXY);" +
            $"const r=http.request({{host:p.hostname,port:p.port,path:'http://{origin.Place}/?secret={Marker}',method:'POST',headers:{{host:'{origin.Place}','proxy-authorization':'Basic '+Buffer.from(p.username+':'+p.password).toString('base64'),authorization:'Bearer {Marker}'}}}},s=>{{s.on('data',d=>process.stdout.write(d));s.on('end',()=>process.exit(3))}});r.end('{Marker}')");

        Assert.Equal((3, $"you said {Marker.Length}"), (outcome.ExitCode, outcome.Output));
        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], Marker));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.ActionRequested, RecordKinds.ActionCompleted, RecordKinds.TaskEnded], records.Select(record => record.Kind));
        Assert.Equal($"http://{origin.Place}/?secret=", records[1].Body.GetProperty("resource").GetString());
        var export = await CairnProgram.RunAsync("export", records[0].Trace.ToString(), "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.True(export.ExitCode == 0, export.ToString());
        await File.WriteAllTextAsync(folder["trust.policy"], (await CairnProgram.RunAsync("keys", "--data", folder["data"])).Output);
        var verify = await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"]);
        Assert.True(verify.ExitCode == 0, verify.ToString());
    }

    [Fact]
    public async Task Killed_in_mid_request_it_leaves_a_durable_request_without_an_outcome()
    {
        using var folder = new TemporaryFolder();
        await using var origin = new Origin { Answers = false };
        using var proxy = Process.Start(CairnProgram.Start("proxy", "--data", folder["data"]))!;
        var address = new Uri((await proxy.StandardOutput.ReadLineAsync())!.Split('=', 2)[1]);
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET http://{origin.Place}/ HTTP/1.1\r\nHost: {origin.Place}\r\nProxy-Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes(address.UserInfo))}\r\n\r\n"));
        await origin.Asked.WaitAsync(TimeSpan.FromSeconds(30));

        proxy.Kill();
        await proxy.WaitForExitAsync();

        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.ActionRequested], (await Recorded.ReadAsync(folder["data"])).Select(record => record.Kind));
    }

    [Fact]
    public async Task A_place_that_others_could_reach_is_refused()
    {
        using var folder = new TemporaryFolder();

        var outcome = await CairnProgram.RunAsync("proxy", "--data", folder["data"], "--listen", "0.0.0.0:0");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("loopback", outcome.Messages);
    }

    private sealed class Origin : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _serving;

        public Origin()
        {
            _listener.Start();
            _serving = ServeAsync();
        }

        public bool Answers { get; init; } = true;

        public IPEndPoint Place => (IPEndPoint)_listener.LocalEndpoint;

        public Task Asked => _asked.Task;

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _serving;
        }

        private async Task ServeAsync()
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                var text = "";
                var buffer = new byte[4096];
                while (!text.EndsWith(Marker, StringComparison.Ordinal) && await stream.ReadAsync(buffer) is var read and > 0)
                {
                    text += Encoding.ASCII.GetString(buffer, 0, read);
                    _asked.TrySetResult();
                    if (!Answers)
                    {
                        // Until the proxy is gone.
                        continue;
                    }

                    if (text.Contains("chunked", StringComparison.OrdinalIgnoreCase) && text.EndsWith("0\r\n\r\n", StringComparison.Ordinal))
                    {
                        break;
                    }
                }

                if (Answers)
                {
                    var body = $"you said {Marker.Length}";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // Nobody came, or the proxy was killed.
            }
        }
    }
}
