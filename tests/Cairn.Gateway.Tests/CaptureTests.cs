using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests;

/// <summary>What is recorded of a conversation.</summary>
public sealed class CaptureTests
{
    private static readonly byte[] TrailKey = [.. Enumerable.Repeat((byte)7, 32)];

    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.ToString() : null;

    [Fact]
    public async Task Run_is_a_task_of_its_own_from_start_to_end_with_counts()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        await harness.CallAsync("line");

        Assert.Equal(0, await harness.CloseAsync());

        var records = harness.Records;
        var (started, ended) = (records[0], records[^1]);
        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.TaskEnded], [started.Kind, ended.Kind]);
        Assert.Single(records.Select(r => r.Trace).Distinct());
        Assert.Null(started.Parent);
        Assert.Equal(("mcp/stdio", "tester@example.org"), (Text(started, "channel"), Text(started, "owner")));
        Assert.StartsWith("os-user:", Text(started, "principal"), StringComparison.Ordinal);
        Assert.Equal("done", Text(ended, "status"));
        var count = Assert.Single(ended.Body.GetProperty("emitters").EnumerateArray());
        Assert.Equal(records.Count, count.GetProperty("records").GetInt64());
        Assert.Equal(Enumerable.Range(0, records.Count).Select(i => (long)i), records.Select(r => r.Seq));
    }

    [Fact]
    public async Task Call_is_requested_and_completed_as_a_pair_under_the_runs_span()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        await harness.RequestAsync("tools/list");
        var answer = await harness.CallAsync("write", new() { ["base64"] = "" });
        await harness.CloseAsync();

        var requested = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested);
        var completed = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted);
        Assert.Equal(("tool.call", "mcp://puppet/tools/write", "True"), (Text(requested, "type"), Text(requested, "resource"), Text(requested, "writes")));
        Assert.Equal(("ok", requested.Id.ToString()), (Text(completed, "status"), Text(completed, "requested")));
        Assert.Equal((requested.Span, requested.Parent), (completed.Span, completed.Parent));
        Assert.Equal(harness.Records[0].Span, requested.Parent);
        var input = HeldCommitment.Parse(requested.Body.GetProperty("input"));
        Assert.Equal(Commitment.Commit(Commitment.CommitmentKey(TrailKey, requested.Id, "input"), """{"base64":""}"""u8), input.Value);
        var output = HeldCommitment.Parse(completed.Body.GetProperty("output"));
        Assert.Equal(
            Commitment.Commit(Commitment.CommitmentKey(TrailKey, completed.Id, "output"), Encoding.UTF8.GetBytes(answer["result"]!.ToJsonString())), output.Value);
        Assert.Equal(ContentHandling.None, output.Content);
        var attributes = requested.Root.GetProperty("attributes");
        Assert.Equal("tools/call", attributes.GetProperty("mcp.method.name").GetString());
        Assert.Equal("write", attributes.GetProperty("gen_ai.tool.name").GetString());
        Assert.Equal("execute_tool", attributes.GetProperty("gen_ai.operation.name").GetString());
        Assert.Equal("2025-11-25", attributes.GetProperty("mcp.protocol.version").GetString());
    }

    [Fact]
    public async Task Server_sees_the_line_of_a_call_with_the_trace_parent_spliced_in_and_nothing_else_changed()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        const string line = """ { "method" :"tools/call","params":{"name":"line","arguments":{"n":1.0e+2,"s":"\u0041"},"_meta":{"tracestate":"a=b"}},"id":"x","jsonrpc":"2.0"} """;
        await harness.SendAsync(line + "\r");

        var seen = Encoding.UTF8.GetString(Convert.FromBase64String((string)(await harness.ReadMessageAsync())["result"]!["content"]![0]!["text"]!));

        var requested = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        Assert.Equal(line.Replace("\"tracestate\"", $"\"traceparent\":\"00-{requested.Trace}-{requested.Span}-01\",\"tracestate\"", StringComparison.Ordinal) + "\r\n", seen);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"x/raw","params":{"a" : 1,"_meta":{"traceparent":"odd"}}}""")]
    [InlineData("""{"id":9007199254740993,"jsonrpc":"2.0","method":"x/raw","params":[1, 2]}""")]
    public async Task Server_sees_the_very_bytes_of_a_message_that_needs_no_change(string line)
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync(line);

        var seen = Convert.FromBase64String((string)(await harness.ReadMessageAsync())["result"]!["base64"]!);

        Assert.Equal(line + "\n", Encoding.UTF8.GetString(seen));
    }

    [Fact]
    public async Task Client_sees_the_very_bytes_of_what_the_server_writes()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        const string line = """{ "jsonrpc":"2.0", "method":"notifications/message","params":{"n":1e400,"s":"\ud83d\ude00","s":2}}""";
        await harness.SendAsync(new JsonObject
        {
            ["id"] = 1,
            ["method"] = "tools/call",
            ["params"] = new JsonObject { ["name"] = "write", ["arguments"] = new JsonObject { ["base64"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(line + "\nnoise\n")) } },
        }.ToJsonString());

        Assert.Equal(line, Encoding.UTF8.GetString((await harness.ReadAsync())!));
        Assert.Equal("noise", Encoding.UTF8.GetString((await harness.ReadAsync())!));
        await harness.CloseAsync();
        Assert.Equal(
            ["duplicate_member", "malformed_json"],
            harness.Records.Where(r => r.Kind == RecordKinds.GapDeclared).Select(r => Text(r, "reason")));
    }

    [Theory]
    [InlineData("fail", "tool_error", "tool_error")]
    [InlineData("error", "protocol_error", "-32602")]
    public async Task Failure_is_recorded_with_its_kind_and_without_its_words(string tool, string status, string code)
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.CallAsync(tool, new() { ["text"] = "words-of-the-server" });
        await harness.CloseAsync();

        var completed = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted);
        Assert.Equal((status, code), (Text(completed, "status"), completed.Body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(code, completed.Root.GetProperty("attributes").GetProperty("error.type").GetString());
        Assert.All(harness.Records, r => Assert.DoesNotContain("words-of-the-server", Encoding.UTF8.GetString(r.Bytes.Span), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("metadata", 0, null)]
    [InlineData("redacted", 2, "[redacted:")]
    [InlineData("full", 2, "plain words")]
    public async Task Profile_decides_what_is_kept_of_inputs_and_outputs(string profile, int kept, string? part)
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { Capture = Enum.Parse<Cairn.Sdk.CaptureProfile>(profile, ignoreCase: true) });
        var secret = profile == "redacted" ? "Bearer abcdefghijklmnopqrstuvwxyz0123456789" : "plain words";
        await harness.CallAsync("fail", new() { ["text"] = secret });
        await harness.CloseAsync();

        Assert.Equal(kept, harness.Ledger.Contents.Count);
        Assert.All(harness.Ledger.Contents, c => Assert.Contains(part!, Encoding.UTF8.GetString(c.Open(TrailKey)), StringComparison.Ordinal));
        Assert.All(harness.Records, r => Assert.DoesNotContain(secret, Encoding.UTF8.GetString(r.Bytes.Span), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Request_of_an_unknown_method_is_recorded_as_a_message_sent()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.RequestAsync("vendor/delete all", new JsonObject { ["a"] = 1 });
        await harness.CloseAsync();

        var requested = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested);
        Assert.Equal(("message.send", "mcp://node/methods/vendor%2Fdelete%20all"), (Text(requested, "type"), Text(requested, "resource")));
        Assert.Equal("protocol_error", Text(Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted), "status"));
    }

    [Fact]
    public async Task Resource_uri_is_recorded_without_what_may_be_secret()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.RequestAsync("resources/read", new JsonObject { ["uri"] = "db://user:hunter2@host/path?token=hunter3&hunter4#hunter5" });
        await harness.CloseAsync();

        var requested = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested);
        Assert.Equal(("data.read", "db://host/path?token=&[redacted]"), (Text(requested, "type"), Text(requested, "resource")));
        Assert.All(harness.Records, r => Assert.DoesNotContain("hunter", Encoding.UTF8.GetString(r.Bytes.Span), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Manifest_is_put_together_from_its_pages_and_recorded_again_when_it_changes()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        await ListAllAsync(harness);
        await ListAllAsync(harness);
        await harness.CallAsync("change", new()
        {
            ["tools"] = new JsonArray(
                new JsonObject { ["name"] = "line", ["description"] = "now something else" }, new JsonObject { ["name"] = "added" }),
        });
        await ListAllAsync(harness);
        await harness.CloseAsync();

        var manifests = harness.Records.Where(r => r.Kind == RecordKinds.ContextCaptured && Text(r, "subject") == "mcp.tools").ToList();
        Assert.Equal(2, manifests.Count);
        Assert.Equal(["line", "write", "sleep"], manifests[0].Body.GetProperty("tools").EnumerateArray().Select(t => t.GetProperty("name").GetString()));
        Assert.Equal(["False", "True"], manifests.Select(m => Text(m, "changed")));
        var difference = manifests[1].Root.GetProperty("attributes");
        Assert.Equal("""["added"]""", difference.GetProperty("cairn.tools.added").ToString());
        Assert.Equal("""["sleep","write"]""", difference.GetProperty("cairn.tools.removed").ToString());
        Assert.Equal("""["line"]""", difference.GetProperty("cairn.tools.changed").ToString());
        Assert.Equal($"sha256:{Digest.Sha256("""{"name":"added"}"""u8)}", manifests[1].Body.GetProperty("tools")[1].GetProperty("digest").GetString());
    }

    [Fact]
    public async Task Both_sides_are_recorded_as_they_describe_themselves()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync("2025-06-18");
        await harness.CloseAsync();

        var contexts = harness.Records.Where(r => r.Kind == RecordKinds.ContextCaptured)
            .Select(r => (Text(r, "subject"), Text(r, "name"), Text(r, "version"), Text(r, "protocol")));
        Assert.Equal([("mcp.client", "tester", "0.1", "2025-06-18"), ("mcp.server", "puppet", "1.2.3", "2025-06-18")], contexts);
    }

    [Fact]
    public async Task Caller_in_the_environment_makes_the_run_a_part_of_its_trail_and_is_passed_on()
    {
        var caller = new TraceParent(TraceId.New(), SpanId.New());
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { Caller = caller });
        var passedOn = (string)(await harness.CallAsync("env", new() { ["name"] = "TRACEPARENT" }))["result"]!["content"]![0]!["text"]!;
        await harness.CloseAsync();

        var started = harness.Records[0];
        Assert.Equal((caller.Trace, caller.Span), (started.Trace, started.Parent!.Value));
        Assert.Equal($"00-{caller.Trace}-{started.Span}-01", passedOn);
    }

    [Fact]
    public async Task Trace_parent_of_a_request_opens_that_trail_with_context_and_counts_of_its_own()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.InitializeAsync();
        var caller = new TraceParent(TraceId.New(), SpanId.New(), 0);
        var call = new JsonObject { ["name"] = "line", ["_meta"] = new JsonObject { ["traceparent"] = caller.ToString() } };
        var answer = await harness.RequestAsync("tools/call", call);
        await harness.CallAsync("line");
        await harness.CloseAsync();

        var theirs = harness.Records.Where(r => r.Trace == caller.Trace).ToList();
        Assert.Equal(
            [RecordKinds.TaskStarted, RecordKinds.ContextCaptured, RecordKinds.ContextCaptured, RecordKinds.ActionRequested, RecordKinds.ActionCompleted, RecordKinds.TaskEnded],
            theirs.Select(r => r.Kind));
        Assert.Equal(caller.Span, theirs[3].Parent);
        Assert.Equal(theirs.Count, theirs[^1].Body.GetProperty("emitters")[0].GetProperty("records").GetInt64());
        Assert.Equal(Enumerable.Range(0, theirs.Count).Select(i => (long)i), theirs.Select(r => r.Seq));
        var line = Encoding.UTF8.GetString(Convert.FromBase64String((string)answer["result"]!["content"]![0]!["text"]!));
        Assert.Contains($"\"traceparent\":\"00-{caller.Trace}-{theirs[3].Span}-00\"", line, StringComparison.Ordinal);
        Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested && r.Trace == harness.Records[0].Trace);
    }

    [Fact]
    public async Task What_a_server_asks_of_the_client_is_recorded_too()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync("""{"id":1,"method":"tools/call","params":{"name":"ask","arguments":{"method":"sampling/createMessage","params":{"maxTokens":5}}}}""");
        Assert.Equal("""{"jsonrpc":"2.0","id":1000,"method":"sampling/createMessage","params":{"maxTokens":5}}""", Encoding.UTF8.GetString((await harness.ReadAsync())!));
        await harness.SendAsync("""{"jsonrpc":"2.0","id":1000,"result":{"role":"assistant"}}""");
        await harness.AnswerAsync(1);
        await harness.CloseAsync();

        var asked = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested && Text(r, "type") == "model.call");
        Assert.Equal("server", asked.Root.GetProperty("attributes").GetProperty("cairn.mcp.initiator").GetString());
        var completed = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted && r.Span == asked.Span);
        Assert.Equal("ok", Text(completed, "status"));
    }

    [Fact]
    public async Task Batch_is_recorded_call_by_call_and_passes_as_one_line()
    {
        await using var harness = await GatewayHarness.PuppetAsync();
        await harness.SendAsync("""[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"line"}},{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"fail"}}]""");
        var answers = new[] { await harness.ReadMessageAsync(), await harness.ReadMessageAsync(), await harness.ReadMessageAsync() };
        await harness.CloseAsync();

        Assert.Equal([1, 2, 3], answers.Select(a => (int)a["id"]!));
        Assert.Equal(2, harness.Records.Count(r => r.Kind == RecordKinds.ActionRequested));
        Assert.Equal(["ok", "tool_error"], harness.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => Text(r, "status")));
    }

    private static async Task ListAllAsync(GatewayHarness harness)
    {
        string? cursor = null;
        do
        {
            var page = await harness.RequestAsync("tools/list", cursor is null ? null : new JsonObject { ["cursor"] = cursor });
            cursor = (string?)page["result"]!["nextCursor"];
        }
        while (cursor is not null);
    }
}
