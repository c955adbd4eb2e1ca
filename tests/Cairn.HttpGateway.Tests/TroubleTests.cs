using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.HttpGateway.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Tests;

/// <summary>Whatever goes wrong, the caller is told in its own protocol, and the record says what is known and no more.</summary>
public sealed class TroubleTests
{
    [Fact]
    public async Task Server_that_is_down_is_an_error_and_a_lost_call()
    {
        int port;
        using (var taken = new TcpListener(IPAddress.Loopback, 0))
        {
            taken.Start();
            port = ((IPEndPoint)taken.LocalEndpoint).Port;
        }

        await using var bench = await GatewayBench.StartAsync(new Uri($"http://127.0.0.1:{port}/mcp"));

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        await IsErrorAsync(response, HttpStatusCode.BadGateway, "server_unreachable");
        await IsLostAsync(bench, "server_unreachable");
    }

    [Theory]
    [InlineData("not JSON at all", "application/json")]
    [InlineData("<html>it works</html>", "text/html")]
    [InlineData("", "application/json")]
    [InlineData("""{"jsonrpc":"2.0","id":99,"result":{}}""", "application/json")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/message"}""", "application/json")]
    public async Task Answer_that_answers_nothing_is_an_error_and_a_lost_call(string body, string media)
    {
        await using var server = await PuppetServer.StartAsync(async (context, _) =>
        {
            context.Response.ContentType = media;
            await context.Response.WriteAsync(body);
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        await IsErrorAsync(response, HttpStatusCode.BadGateway, "answer_not_understood");
        await IsLostAsync(bench, "answer_not_understood");
    }

    [Fact]
    public async Task Silent_server_is_given_up_after_its_time()
    {
        await using var server = await PuppetServer.StartAsync((context, _) => Forever(context));
        await using var bench = await GatewayBench.StartAsync(server.Url, c => c["timeouts"]!["silence_seconds"] = 0.3);

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        await IsErrorAsync(response, HttpStatusCode.GatewayTimeout, "server_silent");
        await IsLostAsync(bench, "server_silent");
    }

    [Fact]
    public async Task Server_that_breaks_off_in_its_stream_leaves_an_error_as_last_event()
    {
        var begun = new TaskCompletionSource();
        await using var server = await PuppetServer.StartAsync(async (context, _) =>
        {
            await PuppetServer.EventsAsync(context);
            await PuppetServer.WriteAsync(context, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n");
            await begun.Task;
            context.Abort();
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));
        begun.SetResult();
        var events = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("\"id\":4,\"error\":{\"code\":-31002", events, StringComparison.Ordinal);
        await IsLostAsync(bench, "stream_broken");
    }

    [Fact]
    public async Task Noise_in_a_stream_passes_as_it_is_and_is_declared()
    {
        const string noise = "data: no JSON\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"a\",\"method\":\"b\"}\n\n";
        await using var server = await PuppetServer.StartAsync(async (context, _) =>
        {
            await PuppetServer.EventsAsync(context);
            await PuppetServer.WriteAsync(context, noise + $"data: {PuppetServer.Result(4)}\n\n");
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        Assert.StartsWith(noise, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await bench.CompletedAsync("ok");
        await bench.Gateway.StopAsync();
        Assert.Equal(["duplicate_member", "malformed_json", "unsolicited_response"], bench.Records.Where(r => r.Kind == RecordKinds.GapDeclared).Select(r => GatewayBench.Body(r)["reason"]!.GetValue<string>()).Order());
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Flooding_server_is_cut_off_at_the_limit()
    {
        await using var server = await PuppetServer.StartAsync(async (context, _) =>
        {
            context.Response.ContentType = "application/json";
            var block = new byte[64 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
        });
        await using var bench = await GatewayBench.StartAsync(server.Url, c => c["limits"] = new JsonObject { ["message_bytes"] = 1024 * 1024 });

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        await IsErrorAsync(response, HttpStatusCode.BadGateway, "answer_too_large");
        await IsLostAsync(bench, "answer_too_large");
    }

    [Theory]
    [InlineData(500, "http_500")]
    [InlineData(429, "http_429")]
    public async Task Http_error_of_the_server_passes_and_is_recorded(int status, string code)
    {
        await using var server = await PuppetServer.StartAsync(async (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "7";
            await context.Response.WriteAsync("busy");
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("busy", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("7", Assert.Single(response.Headers.GetValues("Retry-After")));
        Assert.Equal(code, GatewayBench.Body(await bench.CompletedAsync("protocol_error"))["error"]!["code"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(302, "server_redirects")]
    [InlineData(401, "server_refused_credential")]
    public async Task Redirects_and_challenges_of_the_server_stop_at_the_gateway(int status, string code)
    {
        await using var server = await PuppetServer.StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "http://127.0.0.1:1/elsewhere";
            context.Response.Headers.WWWAuthenticate = "Bearer resource_metadata=\"http://evil\"";
            return Task.CompletedTask;
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(4, "pay"));

        await IsErrorAsync(response, HttpStatusCode.BadGateway, code);
        Assert.Empty(response.Headers.WwwAuthenticate);
        Assert.Null(response.Headers.Location);
    }

    [Theory]
    [InlineData(false, "lost", "caller_gone")]
    [InlineData(true, "cancelled", "caller_closed")]
    public async Task Caller_that_leaves_in_the_middle_is_recorded_as_what_its_leaving_means(bool sessionless, string status, string code)
    {
        var aborted = new TaskCompletionSource();
        await using var server = await PuppetServer.StartAsync(async (context, _) =>
        {
            await Forever(context);
            aborted.TrySetResult();
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);
        using var leave = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, bench["/mcp"])
        {
            Content = new StringContent(GatewayBench.Call(1, "pay", meta: sessionless ? new JsonObject { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28" } : null)),
        };
        if (sessionless)
        {
            request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
            request.Headers.Add("Mcp-Method", "tools/call");
            request.Headers.Add("Mcp-Name", "pay");
        }

        var call = bench.Http.SendAsync(request, leave.Token);
        await bench.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        while (server.Seen.IsEmpty)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(code, GatewayBench.Body(await bench.CompletedAsync(status))["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Call_without_evidence_does_not_reach_the_server()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url, emitting: e => e with { DurableTimeout = TimeSpan.FromMilliseconds(300) });
        bench.Ledger.IsAway = true;

        using var refused = await bench.PostAsync(GatewayBench.Call(1, "pay"));
        using var harmless = await bench.PostAsync("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");

        Assert.Equal(-31001, (await GatewayBench.MessageAsync(refused))["error"]!["code"]!.GetValue<int>());
        Assert.Equal(HttpStatusCode.OK, harmless.StatusCode);
        Assert.Single(server.Seen);
        bench.Ledger.IsAway = false;
        Assert.Equal("evidence_unavailable", GatewayBench.Body(await bench.CompletedAsync("refused"))["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Gateway_that_is_told_to_end_lets_calls_finish_and_ends_the_rest_after_its_grace()
    {
        var release = new TaskCompletionSource();
        await using var server = await PuppetServer.StartAsync(async (context, body) =>
        {
            var call = JsonNode.Parse(body)!;
            await (call["params"]!["name"]!.GetValue<string>() == "quick" ? release.Task : Forever(context));
            await PuppetServer.JsonAsync(context, PuppetServer.Result(call["id"]!));
        });
        await using var bench = await GatewayBench.StartAsync(server.Url, c => c["timeouts"]!["grace_seconds"] = 1);
        var quick = bench.PostAsync(GatewayBench.Call(1, "quick"));
        var stuck = bench.PostAsync(GatewayBench.Call(2, "stuck"));
        while (server.Seen.Count < 2)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        var stopping = bench.Gateway.StopAsync();
        release.SetResult();

        Assert.Equal(HttpStatusCode.OK, (await quick).StatusCode);
        await IsErrorAsync(await stuck, HttpStatusCode.ServiceUnavailable, "gateway_stopped");
        await stopping;
        Assert.Equal(["lost", "ok"], bench.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => GatewayBench.Body(r)["status"]!.GetValue<string>()).Order());
        RecordChecks.Hold(bench.Records);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => bench.PostAsync(GatewayBench.Call(3, "late")));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"pay"}}""", "duplicate_member")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","Params":{"name":"pay"}}""", "ambiguous_member")]
    [InlineData("""{"jsonrpc":"2.0","method":"tools/call","params":{"name":"pay"}}""", "invalid_message")]
    [InlineData("""{"jsonrpc":"2.0",""", "malformed_json")]
    [InlineData("", "malformed_json")]
    [InlineData("[]", "invalid_message")]
    public async Task Message_that_means_two_things_or_none_is_refused_and_declared(string body, string reason)
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("cairn-gateway", (await GatewayBench.MessageAsync(response))["error"]!["data"]!["source"]!.GetValue<string>());
        Assert.Empty(server.Seen);
        Assert.Equal(reason, GatewayBench.Body(await bench.RecordAsync(r => r.Kind == RecordKinds.GapDeclared))["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task Message_of_several_lines_is_one_message()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync("{\r\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\r\n  \"method\": \"ping\"\r\n}\r\n");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Message_beyond_the_limit_is_refused_unread()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url, c => c["limits"] = new JsonObject { ["message_bytes"] = 2048 });

        using var tooLong = await bench.PostAsync(GatewayBench.Call(1, "pay", new JsonObject { ["x"] = new string('x', 4096) }));
        using var justRight = await bench.PostAsync(GatewayBench.Call(1, "pay").PadRight(2048));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.StatusCode);
        Assert.Equal(HttpStatusCode.OK, justRight.StatusCode);
        Assert.Single(server.Seen);
        Assert.Equal("message_too_large", GatewayBench.Body(await bench.RecordAsync(r => r.Kind == RecordKinds.GapDeclared))["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task Health_says_whether_calls_are_taken()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);
        bench.Http.DefaultRequestHeaders.Remove("Authorization");

        Assert.Equal("""{"status":"ok"}""", await bench.Http.GetStringAsync(bench["/healthz"], TestContext.Current.CancellationToken));
        using var nowhere = await bench.PostAsync("{}", "/nowhere");
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
    }

    private static Task Forever(HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);

    private static async Task IsErrorAsync(HttpResponseMessage response, HttpStatusCode status, string reason)
    {
        Assert.Equal(status, response.StatusCode);
        var error = (await GatewayBench.MessageAsync(response))["error"]!;
        Assert.Equal(reason, error["data"]!["reason"]!.GetValue<string>());
        Assert.Equal("cairn-gateway", error["data"]!["source"]!.GetValue<string>());
    }

    private static async Task IsLostAsync(GatewayBench bench, string code)
    {
        Assert.Equal(code, GatewayBench.Body(await bench.CompletedAsync("lost"))["error"]!["code"]!.GetValue<string>());
        await bench.Gateway.StopAsync();
        RecordChecks.Hold(bench.Records);
    }
}
