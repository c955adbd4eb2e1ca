using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.HttpGateway.Tests.Harness;

namespace Cairn.HttpGateway.Tests;

/// <summary>What passes, byte by byte, and what is recorded of it.</summary>
public class PassingTests
{
    [Fact]
    public async Task Tool_call_passes_with_the_actions_own_span_and_is_recorded_before_and_after()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync("""{ "jsonrpc":"2.0", "id":7, "method":"tools/call", "params":{"name":"pay", "arguments":{"amount":1.50} } }""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(PuppetServer.Result(7), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var completed = await bench.CompletedAsync("ok");
        var requested = Assert.Single(bench.Records, r => r.Kind == RecordKinds.ActionRequested);
        Assert.Equal("spiffe://test.local/agent/tester", requested.Actor.Id.ToString());
        Assert.Equal("tester@example.org", requested.Actor.Owner);
        Assert.Equal("tool.call", GatewayBench.Body(requested)["type"]!.GetValue<string>());
        Assert.True(GatewayBench.Body(requested)["strict"]!.GetValue<bool>());
        Assert.Equal(requested.Id.ToString(), GatewayBench.Body(completed)["requested"]!.GetValue<string>());
        var seen = Assert.Single(server.Seen);
        var context = $"00-{requested.Trace}-{requested.Span}-01";
        Assert.Equal($$"""{ "jsonrpc":"2.0", "id":7, "method":"tools/call", "params":{"_meta":{"traceparent":"{{context}}"},"name":"pay", "arguments":{"amount":1.50} } }""", seen.Body);
        Assert.Equal(context, seen.Headers["traceparent"]);
    }

    [Fact]
    public async Task Callers_credentials_never_reach_the_server_and_other_headers_do()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url, c =>
            c["routes"]!["/mcp"]!["upstream"]!["header_files"] = new JsonObject { ["X-Api-Key"] = Path.Combine(Path.GetDirectoryName(c["agents"]!["tester"]!["token_file"]!.GetValue<string>())!, "tester.token") });

        using var response = await bench.PostAsync(GatewayBench.Call(1, "echo"), "/mcp",
            ("Cookie", "session=1"), ("DPoP", "proof"), ("X-Forwarded-For", "10.0.0.1"), ("Connection", "X-Hop"), ("X-Hop", "1"), ("X-Unknown", "kept"), ("Mcp-Param-Region", "eu"), ("Origin", "http://localhost:3000"));

        Assert.True(response.IsSuccessStatusCode);
        var headers = Assert.Single(server.Seen).Headers;
        foreach (var dropped in new[] { "Authorization", "Cookie", "DPoP", "X-Forwarded-For", "X-Hop", "Origin" })
        {
            Assert.DoesNotContain(dropped, headers.Keys);
        }

        Assert.Equal("kept", headers["X-Unknown"]);
        Assert.Equal("eu", headers["Mcp-Param-Region"]);
        Assert.Equal(GatewayBench.Token, headers["X-Api-Key"]);
        Assert.Equal("application/json; charset=utf-8", headers["Content-Type"]);
    }

    [Fact]
    public async Task Events_pass_one_by_one_as_they_come_and_as_they_are()
    {
        var next = new SemaphoreSlim(0);
        await using var server = await PuppetServer.StartAsync(async (context, body) =>
        {
            await PuppetServer.EventsAsync(context);
            foreach (var piece in Pieces(body))
            {
                await PuppetServer.WriteAsync(context, piece);
                await next.WaitAsync(TimeSpan.FromSeconds(10));
            }
        });
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(3, "slow"));

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        foreach (var piece in Pieces(server.Seen.Single().Body))
        {
            var expected = Encoding.UTF8.GetBytes(piece);
            var got = new byte[expected.Length];
            await stream.ReadExactlyAsync(got, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            Assert.Equal(piece, Encoding.UTF8.GetString(got));
            next.Release();
        }

        Assert.Equal(0, await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        await bench.CompletedAsync("ok");

        static string[] Pieces(string body) =>
        [
            ": a comment alone\r\n",
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":1,\"progress\":0.5}}\r\n\r\n",
            "id: 5\nevent: message\nunknown: field\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"ü\"}}\n\n",
            "data:" + PuppetServer.Result(JsonNode.Parse(body)!["id"]!) + "\r\r",
        ];
    }

    [Fact]
    public async Task Ten_megabytes_pass_both_ways()
    {
        var large = new string('x', 10 * 1024 * 1024);
        await using var server = await PuppetServer.StartAsync((context, body) =>
            PuppetServer.JsonAsync(context, PuppetServer.Result(JsonNode.Parse(body)!["id"]!, JsonNode.Parse(body)!["params"]!["arguments"]!["text"]!.GetValue<string>())));
        await using var bench = await GatewayBench.StartAsync(server.Url);

        using var response = await bench.PostAsync(GatewayBench.Call(1, "echo", new JsonObject { ["text"] = large }));

        Assert.Equal(PuppetServer.Result(1, large), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.True(GatewayBench.Body(await bench.CompletedAsync("ok"))["output"]!["bytes"]!.GetValue<long>() > 10 * 1024 * 1024);
    }

    [Fact]
    public async Task Unknown_methods_and_notifications_pass_unchanged()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);
        const string request = """{"jsonrpc":"2.0","id":"a","method":"vendor/thing","params":{"x":[1,2, 3]},"extra":null}""";
        const string notification = """{"jsonrpc":"2.0","method":"vendor/note"}""";

        using var answered = await bench.PostAsync(request);
        using var noted = await bench.PostAsync(notification);

        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, noted.StatusCode);
        Assert.Equal([request, notification], server.Seen.Select(s => s.Body));
        Assert.Equal("message.send", GatewayBench.Body(await bench.CompletedAsync("ok"))["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Header_or_message_names_the_trace_and_the_message_goes_first()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await GatewayBench.StartAsync(server.Url);
        const string header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const string inMessage = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        using var first = await bench.PostAsync(GatewayBench.Call(1, "one"), "/mcp", ("traceparent", header));
        using var second = await bench.PostAsync(GatewayBench.Call(2, "two", meta: new JsonObject { ["traceparent"] = inMessage }), "/mcp", ("traceparent", header));

        await bench.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted && r.Trace.ToString() == "4bf92f3577b34da6a3ce929d0e0e4736");
        var requested = bench.Records.Where(r => r.Kind == RecordKinds.ActionRequested).ToList();
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", requested[0].Trace.ToString());
        Assert.Equal("b7ad6b7169203331", requested[0].Parent.ToString());
        Assert.Equal("00f067aa0ba902b7", requested[1].Parent.ToString());

        // Nothing was asked outside those two trails, so there is no third.
        Assert.Equal(2, bench.Records.Select(r => r.Trace).Distinct().Count());
    }
}
