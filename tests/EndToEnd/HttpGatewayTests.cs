using System.Net;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;
using ModelContextProtocol.Client;

namespace Cairn.EndToEnd;

/// <summary><c>cairn gateway</c> as a process, before real servers, with a real ledger.</summary>
public class HttpGatewayTests
{
    private const string Token = "gateway-token-of-the-assistant-93f1";
    private const string Other = "gateway-token-of-the-auditor-77aa";
    private const string Planted = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    [Fact]
    public async Task Two_agents_are_recorded_apart_and_each_trail_verifies()
    {
        using var folder = new TemporaryFolder();
        await using var server = await HttpServer.EverythingAsync();
        await using (var gateway = await StartAsync(folder, server.Url))
        {
            foreach (var (route, token) in new[] { ("/one", Token), ("/two", Other) })
            {
                await using var client = await ClientAsync(gateway.Url(route), token);
                Assert.Contains(Planted, Recorded.TextOf(await client.CallToolAsync("echo", new Dictionary<string, object?> { ["message"] = Planted })));
            }

            using var strayed = await PostAsync(gateway.Url("/two"), Token, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""");
            Assert.Equal(HttpStatusCode.Forbidden, strayed.StatusCode);
            Assert.Equal(0, await gateway.EndAsync());
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var trails = records.GroupBy(r => r.Trace).ToDictionary(g => g.Key, g => g.Select(r => r.Actor.Id.Path).Distinct().Single());
        Assert.Equal(["/agent/assistant", "/agent/auditor"], trails.Values.Order());
        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], Token, Other, Planted));
        var keys = await CairnProgram.RunAsync("keys", "--data", folder["data"]);
        await File.WriteAllTextAsync(folder["trust.policy"], keys.Output, TestContext.Current.CancellationToken);
        foreach (var trace in trails.Keys)
        {
            var export = await CairnProgram.RunAsync("export", trace.ToString(), "--data", folder["data"], "-o", folder[$"{trace}.zip"], "--content");
            Assert.True(export.ExitCode == 0, export.ToString());
            var verified = await CairnProgram.RunAsync("verify", folder[$"{trace}.zip"], "--trust", folder["trust.policy"]);
            Assert.True(verified.ExitCode == 0, verified.ToString());
        }
    }

    [Fact]
    public async Task A_thousand_calls_at_once_lose_nothing()
    {
        const int calls = 1000;
        using var folder = new TemporaryFolder();
        await using var server = await HttpServer.PlainAsync(folder["plain.mjs"]);
        await using (var gateway = await StartAsync(folder, server.Url))
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = calls }) { Timeout = TimeSpan.FromSeconds(60) };
            var answers = await Task.WhenAll(Enumerable.Range(0, calls).Select(async i =>
            {
                using var response = await PostAsync(gateway.Url("/one"), Token, $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"tools/call\",\"params\":{{\"name\":\"t\",\"arguments\":{{\"n\":{i}}}}}}}", http);
                using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
                return (answer.RootElement.GetProperty("id").GetInt32(), answer.RootElement.GetProperty("result").GetProperty("n").GetInt32());
            }));
            Assert.Equal(Enumerable.Range(0, calls).Select(i => (i, i)), answers);
            Assert.Equal(0, await gateway.EndAsync());
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Equal(calls, records.Count(r => r.Kind == RecordKinds.ActionRequested));
        Assert.Equal(calls, records.Count(r => r.Kind == RecordKinds.ActionCompleted && r.Body.GetProperty("status").GetString() == "ok"));
        Assert.Empty(RecordSchemas.Errors(records));
    }

    [Fact]
    public async Task A_policy_bundle_decides_and_stands_in_the_evidence()
    {
        using var folder = new TemporaryFolder();
        await using var server = await HttpServer.PlainAsync(folder["plain.mjs"]);
        await using (var gateway = await StartAsync(folder, server.Url, $", \"policy\": {{ \"path\": \"{CairnProgram.Home}/samples/policies/read-only-assistant\" }}"))
        {
            using var response = await PostAsync(gateway.Url("/one"), Token, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_everything","arguments":{"n":1}}}""");
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.True(answer.RootElement.GetProperty("result").GetProperty("isError").GetBoolean());
            Assert.Equal(0, await gateway.EndAsync());
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var decided = Assert.Single(records, r => r.Kind == RecordKinds.PolicyDecided);
        Assert.Equal("deny", decided.Body.GetProperty("decision").GetString());
        Assert.Equal(decided.Body.GetProperty("bundle").GetString(), Assert.Single(records, r => r.Kind == RecordKinds.PolicyLoaded).Body.GetProperty("digest").GetString());
        Assert.Equal("refused", Assert.Single(records, r => r.Kind == RecordKinds.ActionCompleted).Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_configuration_that_cannot_work_is_refused_with_file_and_place()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["gateway.json"], """{ "listen": [{ "address": "0.0.0.0:80", "hosts": ["x"] }], "agents": {}, "routes": {} }""", TestContext.Current.CancellationToken);

        var outcome = await CairnProgram.RunAsync("gateway", "check", "--config", folder["gateway.json"]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("gateway.json: $.listen[0]: 0.0.0.0:80 is reached by other machines; expected \"tls\"", outcome.Messages);
    }

    private static async Task<RunningGateway> StartAsync(TemporaryFolder folder, Uri server, string more = "")
    {
        foreach (var (name, token) in new[] { ("assistant", Token), ("auditor", Other) })
        {
            await File.WriteAllTextAsync(folder[$"{name}.token"], token);
            File.SetUnixFileMode(folder[$"{name}.token"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var port = RunningCairn.FreePort();
        await File.WriteAllTextAsync(folder["gateway.json"], $$"""
            {
              // Two agents, each with a route of its own to one server.
              "listen": [{ "address": "127.0.0.1:{{port}}" }],
              "agents": {
                "assistant": { "id": "spiffe://cairn.local/agent/assistant", "owner": "pat@example.org", "token_file": "assistant.token" },
                "auditor": { "id": "spiffe://cairn.local/agent/auditor", "owner": "kim@example.org", "token_file": "auditor.token" },
              },
              "routes": {
                "/one": { "upstream": { "url": "{{server}}" }, "agents": ["assistant"], "capture": "full"{{more}} },
                "/two": { "upstream": { "url": "{{server}}" }, "agents": ["auditor"] },
              },
            }
            """);
        return await RunningGateway.StartAsync(folder, port);
    }

    private static async Task<McpClient> ClientAsync(Uri url, string token) => await McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions
    {
        Endpoint = url,
        TransportMode = HttpTransportMode.StreamableHttp,
        AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
    }));

    private static async Task<HttpResponseMessage> PostAsync(Uri url, string token, string message, HttpClient? http = null)
    {
        using var own = http is null ? new HttpClient() : null;
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        return await (http ?? own!).SendAsync(request);
    }
}
