using System.Net;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.HttpGateway.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Tests;

/// <summary>Sessions, their streams and their ends, up to MCP 2025-11-25; and requests without a session from 2026-07-28 on.</summary>
public sealed class SessionTests
{
    private const string Session = "the-servers-secret-session-id";

    [Fact]
    public async Task Session_is_a_task_from_initialize_to_delete()
    {
        await using var server = await StatefulAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);

        await InitializeAsync(bench);
        using var called = await bench.PostAsync(GatewayBench.Call(2, "pay"), "/mcp", ("Mcp-Session-Id", Session));
        Assert.True(called.IsSuccessStatusCode);
        using var deleted = await SendAsync(bench, HttpMethod.Delete);
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);

        var ended = await bench.RecordAsync(r => r.Kind == RecordKinds.TaskEnded);
        var started = Assert.Single(bench.Records, r => r.Kind == RecordKinds.TaskStarted);
        Assert.Equal("mcp/http", GatewayBench.Body(started)["channel"]!.GetValue<string>());
        Assert.Equal("spiffe://test.local/agent/tester", GatewayBench.Body(started)["principal"]!.GetValue<string>());
        Assert.Equal("static-token", GatewayBench.Body(started)["authenticated"]!.GetValue<string>());
        Assert.Equal("done", GatewayBench.Body(ended)["status"]!.GetValue<string>());
        Assert.Equal(["mcp.client", "mcp.server"], bench.Records.Where(r => r.Kind == RecordKinds.ContextCaptured).Select(r => GatewayBench.Body(r)["subject"]!.GetValue<string>()).Order());
        RecordChecks.Hold(bench.Records);
        Assert.DoesNotContain(bench.Records, r => System.Text.Encoding.UTF8.GetString(r.Bytes.Span).Contains(Session, StringComparison.Ordinal));
        using var after = await bench.PostAsync(GatewayBench.Call(3, "pay"), "/mcp", ("Mcp-Session-Id", Session));
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Fact]
    public async Task Session_of_one_agent_is_unknown_to_another()
    {
        await using var server = await StatefulAsync();
        await using var bench = await GatewayBench.StartAsync(b =>
        {
            var configuration = b.Configuration(server.Url);
            configuration["agents"]!["other"] = new JsonObject { ["id"] = "spiffe://test.local/agent/other", ["owner"] = "o", ["token_file"] = b.Secret("other.token", "another-token-for-the-other-agent") };
            configuration["routes"]!["/mcp"]!["agents"]!.AsArray().Add("other");
            return configuration;
        });
        await InitializeAsync(bench);
        var sent = server.Seen.Count;

        using var stolen = await bench.PostAsync(GatewayBench.Call(2, "pay"), "/mcp", ("Mcp-Session-Id", Session), ("Authorization", "Bearer another-token-for-the-other-agent"));

        Assert.Equal(HttpStatusCode.NotFound, stolen.StatusCode);
        Assert.Equal(sent, server.Seen.Count);
    }

    [Fact]
    public async Task Servers_requests_on_the_sessions_stream_are_recorded_and_answered_by_post()
    {
        await using var server = await StatefulAsync(onGet: async context =>
        {
            await PuppetServer.EventsAsync(context);
            await PuppetServer.WriteAsync(context, "id: 1\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"s1\",\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":5}}\n\n");
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);
        await InitializeAsync(bench);

        using var stream = await SendAsync(bench, HttpMethod.Get);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal("id: 1", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Contains(bench.Records, r => r.Kind == RecordKinds.ActionRequested && GatewayBench.Body(r)["type"]!.GetValue<string>() == "model.call");
        using var answered = await bench.PostAsync("""{"jsonrpc":"2.0","id":"s1","result":{"role":"assistant","model":"m","content":{"type":"text","text":"hi"}}}""", "/mcp", ("Mcp-Session-Id", Session));

        Assert.Equal(HttpStatusCode.Accepted, answered.StatusCode);
        Assert.Equal("model.call", GatewayBench.Body(await bench.CompletedAsync("ok"))["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Answer_that_comes_on_the_resumed_stream_completes_the_call()
    {
        await using var server = await StatefulAsync(
            onCall: async (context, _) =>
            {
                await PuppetServer.EventsAsync(context);
                await PuppetServer.WriteAsync(context, "id: e1\nretry: 10\ndata: \n\n");
            },
            onGet: async context =>
            {
                await PuppetServer.EventsAsync(context);
                await PuppetServer.WriteAsync(context, $"id: e2\ndata: {PuppetServer.Result(2)}\n\n");
            });
        await using var bench = await GatewayBench.StartAsync(server.Url);
        await InitializeAsync(bench);

        using var broken = await bench.PostAsync(GatewayBench.Call(2, "slow"), "/mcp", ("Mcp-Session-Id", Session));
        Assert.Equal("id: e1\nretry: 10\ndata: \n\n", await broken.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.DoesNotContain(bench.Records, r => r.Kind == RecordKinds.ActionCompleted);
        using var resumed = await SendAsync(bench, HttpMethod.Get, ("Last-Event-ID", "e1"));
        await resumed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        await bench.CompletedAsync("ok");
        Assert.Equal("e1", server.Seen.Last().Headers["Last-Event-ID"]);
    }

    [Fact]
    public async Task Broken_stream_that_nobody_resumes_leaves_a_lost_call()
    {
        await using var server = await StatefulAsync(onCall: async (context, _) =>
        {
            await PuppetServer.EventsAsync(context);
            await PuppetServer.WriteAsync(context, "id: e1\ndata: \n\n");
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);
        await InitializeAsync(bench);

        using var broken = await bench.PostAsync(GatewayBench.Call(2, "slow"), "/mcp", ("Mcp-Session-Id", Session));
        await broken.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal("stream_broken", GatewayBench.Body(await bench.CompletedAsync("lost"))["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Server_that_forgets_a_session_ends_its_task()
    {
        await using var server = await StatefulAsync(onCall: (context, _) => PuppetServer.JsonAsync(context, """{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}""", 404));
        await using var bench = await GatewayBench.StartAsync(server.Url);
        await InitializeAsync(bench);

        using var response = await bench.PostAsync(GatewayBench.Call(2, "pay"), "/mcp", ("Mcp-Session-Id", Session));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        await bench.RecordAsync(r => r.Kind == RecordKinds.TaskEnded);
        Assert.Equal("http_404", GatewayBench.Body(await bench.CompletedAsync("protocol_error"))["error"]!["code"]!.GetValue<string>());
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Unused_session_ends()
    {
        await using var server = await StatefulAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url, c => c["timeouts"]!["idle_seconds"] = 0.1);
        await InitializeAsync(bench);

        await bench.RecordAsync(r => r.Kind == RecordKinds.TaskEnded);
        using var response = await bench.PostAsync(GatewayBench.Call(2, "pay"), "/mcp", ("Mcp-Session-Id", Session));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("tools/call", "pay", "2026-07-28", true)]
    [InlineData("tools/call", "=?base64?cGF5?=", "2026-07-28", true)]
    [InlineData("tools/list", "pay", "2026-07-28", false)]
    [InlineData("tools/call", "read", "2026-07-28", false)]
    [InlineData("tools/call", "=?base64?!?=", "2026-07-28", false)]
    [InlineData("tools/call", null, "2026-07-28", false)]
    [InlineData(null, "pay", "2026-07-28", false)]
    [InlineData("tools/call", "pay", "2025-11-25", false)]
    [InlineData("tools/call", "pay", null, false)]
    public async Task Request_of_2026_passes_only_when_headers_and_body_agree(string? method, string? name, string? revision, bool passes)
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);
        var call = GatewayBench.Call(1, "pay", meta: new JsonObject { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28" });
        var headers = new (string, string?)[] { ("Mcp-Method", method), ("Mcp-Name", name), ("MCP-Protocol-Version", revision) };

        using var response = await bench.PostAsync(call, "/mcp", [.. headers.Where(h => h.Item2 is not null).Select(h => (h.Item1, h.Item2!))]);

        Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(passes ? 1 : 0, server.Seen.Count);
        if (!passes)
        {
            Assert.Equal(-32020, (await GatewayBench.MessageAsync(response))["error"]!["code"]!.GetValue<int>());
            Assert.Equal("header_mismatch", GatewayBench.Body(await bench.RecordAsync(r => r.Kind == RecordKinds.GapDeclared))["reason"]!.GetValue<string>());
        }
    }

    private static async Task InitializeAsync(GatewayBench bench)
    {
        using var response = await bench.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"tester","version":"1"}}}""");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Session, Assert.Single(response.Headers.GetValues("Mcp-Session-Id")));
    }

    private static async Task<HttpResponseMessage> SendAsync(GatewayBench bench, HttpMethod method, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, bench["/mcp"]);
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        request.Headers.TryAddWithoutValidation("Mcp-Session-Id", Session);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await bench.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static Task<PuppetServer> StatefulAsync(Func<HttpContext, JsonNode, Task>? onCall = null, Func<HttpContext, Task>? onGet = null) => PuppetServer.StartAsync(async (context, body) =>
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await onGet!(context);
        }
        else if (HttpMethods.IsPost(context.Request.Method) && JsonNode.Parse(body)!["id"] is { } id && JsonNode.Parse(body)!["method"] is { } method)
        {
            if (method.GetValue<string>() == "initialize")
            {
                context.Response.Headers["Mcp-Session-Id"] = Session;
                await PuppetServer.JsonAsync(context, $$$"""{"jsonrpc":"2.0","id":{{{id.ToJsonString()}}},"result":{"serverInfo":{"name":"puppet","version":"2"},"capabilities":{},"protocolVersion":"2025-11-25"}}""");
            }
            else
            {
                await (onCall?.Invoke(context, id) ?? PuppetServer.JsonAsync(context, PuppetServer.Result(id)));
            }
        }
        else if (HttpMethods.IsPost(context.Request.Method))
        {
            await PuppetServer.AcceptedAsync(context);
        }
    });
}
