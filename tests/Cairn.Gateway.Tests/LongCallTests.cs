using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests;

/// <summary>Calls whose outcome comes later than their answer: tasks, and requests for input.</summary>
public sealed class LongCallTests
{
    private static IEnumerable<string?> Statuses(GatewayHarness harness) =>
        harness.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => r.Body.GetProperty("status").GetString());

    private static Task<JsonObject> ResultAsync(GatewayHarness harness, string result, string? more = null)
    {
        var parameters = JsonNode.Parse($$"""{"name":"result","arguments":{"result":{{result}}}{{more}}}""");
        return harness.RequestAsync("tools/call", parameters);
    }

    [Theory]
    [InlineData("""{"resultType":"task","taskId":"t1","status":"working"}""", "tasks/get", """{"status":"completed","taskId":"t1","result":{"content":[],"isError":true}}""", "tool_error")]
    [InlineData("""{"resultType":"task","taskId":"t1","status":"working"}""", "tasks/get", """{"status":"failed","taskId":"t1","error":{"code":-32000,"message":"m"}}""", "protocol_error")]
    [InlineData("""{"resultType":"task","taskId":"t1","status":"working"}""", "tasks/get", """{"status":"cancelled","taskId":"t1"}""", "cancelled")]
    [InlineData("""{"task":{"taskId":"t1","status":"working"}}""", "tasks/result", """{"content":[]}""", "ok")]
    public async Task Accepted_task_is_completed_again_with_its_outcome_under_the_same_span(string accepted, string method, string final, string status)
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await ResultAsync(harness, accepted);
        await harness.RequestAsync("tasks/get", JsonNode.Parse("""{"taskId":"t1","answer":{"taskId":"t1","status":"working"}}"""));
        await harness.RequestAsync(method, new JsonObject { ["taskId"] = "t1", ["answer"] = JsonNode.Parse(final) });
        await harness.CloseAsync();

        Assert.Equal(["accepted", status], Statuses(harness));
        Assert.Single(harness.Records.Where(r => r.Kind.StartsWith("action.", StringComparison.Ordinal)).Select(r => r.Span).Distinct());
        Assert.Equal("t1", harness.Records[^2].Root.GetProperty("attributes").GetProperty("mcp.task.id").GetString());
    }

    [Fact]
    public async Task Repeated_request_with_the_input_asked_for_is_linked_to_the_first()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await ResultAsync(harness, """{"resultType":"input_required","requestState":"s1","inputRequests":{}}""");
        await ResultAsync(harness, """{"resultType":"complete","content":[]}""", ""","requestState":"s1","inputResponses":{}""");
        await harness.CloseAsync();

        Assert.Equal(["accepted", "ok"], Statuses(harness));
        var requests = harness.Records.Where(r => r.Kind == RecordKinds.ActionRequested).ToList();
        Assert.Equal(requests[0].Id.ToString(), requests[1].Root.GetProperty("attributes").GetProperty("cairn.continues").GetString());
    }

    [Fact]
    public async Task Input_that_a_result_asks_of_the_client_is_an_action_from_the_result_to_the_repeated_request()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await ResultAsync(
            harness,
            """{"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{"maxTokens":1}},"b":{"method":"elicitation/create"},"c":{"method":"roots/list"}}}""");
        await ResultAsync(harness, """{"content":[]}""", ""","inputResponses":{"c":{"roots":[]},"b":{"action":"decline"},"a":{"role":"assistant"}}""");
        await ResultAsync(harness, """{"resultType":"input_required","requestState":"s","inputRequests":{"d":{"method":"elicitation/create","params":{}}}}""");
        await harness.CloseAsync();

        var asked = harness.Records.Where(r => r.Kind == RecordKinds.ActionRequested && r.Body.GetProperty("type").GetString() != "tool.call").ToList();
        Assert.Equal(["model.call", "message.send", "message.send"], asked.Select(r => r.Body.GetProperty("type").GetString()));
        var outcomes = asked.Select(a => harness.Records.Single(r => r.Kind == RecordKinds.ActionCompleted && r.Span == a.Span).Body.GetProperty("status").GetString());
        Assert.Equal(["ok", "ok", "lost"], outcomes);
        Assert.Equal(harness.Records.First(r => r.Kind == RecordKinds.ActionRequested).Span, asked[0].Parent);
    }

    [Fact]
    public async Task Result_that_asks_for_input_is_withheld_while_evidence_can_not_be_recorded()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync("""
            {"id":1,"method":"tools/call","params":{"name":"later","arguments":{"ms":400,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create"}}}}}}
            """);
        await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        harness.Ledger.IsAway = true;

        var withheld = await harness.AnswerAsync(1);

        Assert.Equal(-31001, (int)withheld["error"]!["code"]!);
        harness.Ledger.IsAway = false;
    }

    [Fact]
    public async Task Metadata_of_each_message_is_context_where_there_is_no_handshake()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        const string result = """{"resultType":"complete","content":[],"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern","version":"9"}}}""";
        const string meta = ""","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"8"}}""";
        await ResultAsync(harness, result, meta);
        await ResultAsync(harness, result, meta);
        await harness.CloseAsync();

        var contexts = harness.Records.Where(r => r.Kind == RecordKinds.ContextCaptured).Select(r => (
            r.Body.GetProperty("subject").GetString(), r.Body.GetProperty("name").GetString(), r.Body.GetProperty("version").GetString(), r.Body.GetProperty("protocol").GetString()));
        Assert.Equal([("mcp.client", "c", "8", "2026-07-28"), ("mcp.server", "modern", "9", "2026-07-28")], contexts);
    }
}
