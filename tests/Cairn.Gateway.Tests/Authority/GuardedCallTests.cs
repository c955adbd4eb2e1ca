using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>Calls through a real gateway before a real server process: what reaches the server, what the client is told, what is recorded.</summary>
public sealed class GuardedCallTests : IDisposable
{
    private readonly string _folder = TestPaths.Scratch();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Mark => Path.Combine(_folder, "mark");

    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.ToString() : null;

    private static string TextOf(JsonObject answer) => (string)answer["result"]!["content"]![0]!["text"]!;

    private static PolicyDecision DenyTool(AuthorizationRequest request, string tool) =>
        DecidingPolicy.Decision(request.ActionName == tool ? PolicyOutcome.Deny : PolicyOutcome.Allow);

    [Fact]
    public async Task Denied_tool_call_never_reaches_the_server_and_the_model_is_told_why()
    {
        await using var harness = await GatewayHarness.DecidingAsync(r => DenyTool(r, "mark"));
        await harness.InitializeAsync();

        var denied = await harness.CallAsync("mark", new() { ["file"] = Mark });
        var allowed = await harness.CallAsync("line");
        Assert.Equal(0, await harness.CloseAsync());

        Assert.False(File.Exists(Mark));
        Assert.True((bool)denied["result"]!["isError"]!);
        Assert.Contains("rule-7", TextOf(denied), StringComparison.Ordinal);
        Assert.Contains("because rule 7 says so", TextOf(denied), StringComparison.Ordinal);
        var refusal = denied["result"]!["_meta"]!["cairn/refusal"]!;
        Assert.Equal(("cairn-gateway", "policy_denied"), ((string)refusal["source"]!, (string)refusal["reason"]!));
        Assert.Null(denied["result"]!["resultType"]);
        Assert.NotNull(allowed["result"]!["content"]);
        var requested = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested && r.Id.ToString() == (string)refusal["action"]!);
        Assert.Equal(
            [RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.ActionCompleted],
            harness.Records.Where(r => r.Span == requested.Span).Select(r => r.Kind));
        Assert.Equal("refused", Text(harness.Records.Last(r => r.Span == requested.Span), "status"));
        Assert.Equal(Enumerable.Range(0, harness.Records.Count).Select(i => (long)i), harness.Records.Select(r => r.Seq));
        Assert.Equal(harness.Records.Count, harness.Records[^1].Body.GetProperty("emitters")[0].GetProperty("records").GetInt64());
    }

    [Fact]
    public async Task Decision_knows_what_the_callers_token_shows()
    {
        AuthorizationRequest? asked = null;
        await using var harness = await GatewayHarness.DecidingAsync(
            request =>
            {
                asked = request;
                return DecidingPolicy.Decision(PolicyOutcome.Allow);
            },
            configure: options => options with { DelegationChain = ["somebody"], Shown = new ShownAuthority("jti-1", ["user:ada", "spiffe://a.test/agent/giver"], ["pay"]) });
        await harness.InitializeAsync();

        await harness.CallAsync("line");

        Assert.Equal(("oauth2", 2), (asked!.Authenticated, asked.Depth));
        Assert.Equal(["user:ada", "spiffe://a.test/agent/giver"], asked.DelegationChain);
        Assert.Equal(["pay"], asked.Scopes);
    }

    [Fact]
    public async Task Denial_under_the_newest_revision_says_that_its_result_is_complete()
    {
        await using var harness = await GatewayHarness.DecidingAsync(r => DenyTool(r, "mark"));
        var meta = new JsonObject { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28" };

        var denied = await harness.RequestAsync("tools/call", new JsonObject { ["name"] = "mark", ["_meta"] = meta });

        Assert.Equal("complete", (string)denied["result"]!["resultType"]!);
    }

    [Theory]
    [InlineData("resources/read", """{"uri":"file:///secret"}""")]
    [InlineData("prompts/get", """{"name":"p"}""")]
    [InlineData("vendor/act", """{"a":1}""")]
    [InlineData("tools/call", """{"name":"line","task":{"ttl":1000}}""")]
    public async Task Denied_request_of_another_kind_gets_an_error_of_the_gateways_own(string method, string parameters)
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Deny));

        var denied = await harness.RequestAsync(method, JsonNode.Parse(parameters));

        Assert.Equal(-31004, (int)denied["error"]!["code"]!);
        Assert.Equal(("cairn-gateway", "policy_denied"), ((string)denied["error"]!["data"]!["source"]!, (string)denied["error"]!["data"]!["reason"]!));
        Assert.Contains("rule-7", (string)denied["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shadow_denial_and_shadow_approval_are_recorded_and_bind_nobody()
    {
        await using var harness = await GatewayHarness.DecidingAsync(
            r => DecidingPolicy.Decision(r.ActionName == "mark" ? PolicyOutcome.Deny : PolicyOutcome.NeedsApproval, PolicyMode.Shadow));

        await harness.CallAsync("mark", new() { ["file"] = Mark });
        await harness.CallAsync("line");
        await harness.CloseAsync();

        Assert.True(File.Exists(Mark));
        Assert.Equal(["deny", "needs_approval"], harness.Records.Where(r => r.Kind == RecordKinds.PolicyDecided).Select(r => Text(r, "decision")));
        Assert.All(harness.Records.Where(r => r.Kind == RecordKinds.PolicyDecided), r => Assert.Equal("shadow", Text(r, "mode")));
        Assert.DoesNotContain(harness.Records, r => r.Kind == RecordKinds.ApprovalRequested);
    }

    [Fact]
    public async Task Requests_that_are_no_actions_are_not_decided_about()
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Deny));
        await harness.InitializeAsync();

        Assert.NotNull((await harness.RequestAsync("ping"))["result"]);
        Assert.NotNull((await harness.RequestAsync("tools/list"))["result"]);

        Assert.DoesNotContain(harness.Records, r => r.Kind == RecordKinds.PolicyDecided);
    }

    [Fact]
    public async Task Engine_that_crashes_denies_and_later_calls_are_decided_again()
    {
        var crashes = true;
        await using var harness = await GatewayHarness.DecidingAsync(_ => crashes ? throw new InvalidOperationException("engine memory") : DecidingPolicy.Decision(PolicyOutcome.Allow));

        var denied = await harness.CallAsync("mark", new() { ["file"] = Mark });
        crashes = false;
        var allowed = await harness.CallAsync("line");
        await harness.CloseAsync();

        Assert.False(File.Exists(Mark));
        Assert.Contains("policy could not be evaluated", TextOf(denied), StringComparison.Ordinal);
        Assert.Null(allowed["result"]!["isError"]);
        var decided = harness.Records.First(r => r.Kind == RecordKinds.PolicyDecided);
        Assert.Equal(("deny", "the decision point failed: InvalidOperationException"), (Text(decided, "decision"), decided.Body.GetProperty("errors")[0].GetString()));
    }

    [Fact]
    public async Task Allowed_line_differs_from_what_the_client_sent_only_by_its_trace_parent()
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        const string line = """ { "method" :"tools/call","params":{"name":"line","arguments":{"n":1.0e+2,"s":"\u0041"},"_meta":{"tracestate":"a=b"}},"id":"x","jsonrpc":"2.0"} """;
        await harness.SendAsync(line + "\r");

        var seen = Encoding.UTF8.GetString(Convert.FromBase64String(TextOf(await harness.ReadMessageAsync())));

        var requested = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        Assert.Equal(line.Replace("\"tracestate\"", $"\"traceparent\":\"00-{requested.Trace}-{requested.Span}-01\",\"tracestate\"", StringComparison.Ordinal) + "\r\n", seen);
    }

    [Fact]
    public async Task Quick_decisions_keep_the_order_of_the_lines()
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        await harness.InitializeAsync();
        harness.Ledger.Delay = TimeSpan.FromMilliseconds(100);
        var lines = new StringBuilder();
        for (var i = 100; i < 140; i++)
        {
            lines.Append(i % 2 == 0
                ? $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"tools/call\",\"params\":{{\"name\":\"line\"}}}}\n"
                : $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"ping\"}}\n");
        }

        await harness.SendAsync(Encoding.UTF8.GetBytes(lines.ToString()));

        for (var i = 100; i < 140; i++)
        {
            Assert.Equal(i, (int)(await harness.ReadMessageAsync())["id"]!);
        }
    }

    [Fact]
    public async Task Batch_with_a_denied_call_lets_the_others_pass_and_answers_the_denied_one()
    {
        await using var harness = await GatewayHarness.DecidingAsync(r => DenyTool(r, "mark"));
        await harness.SendAsync(
            $$$"""[ {"jsonrpc":"2.0","id":1,"method":"ping"} , {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"mark","arguments":{"file":"{{{Mark}}}"} } }, {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"line"}} ]""");

        var answers = new Dictionary<int, JsonObject>();
        while (answers.Count < 3)
        {
            var line = JsonNode.Parse((await harness.ReadAsync())!)!;
            foreach (var answer in line is JsonArray batch ? batch.Select(a => a!.AsObject()) : [line.AsObject()])
            {
                answers[(int)answer["id"]!] = answer;
            }
        }

        Assert.NotNull(answers[1]["result"]);
        Assert.True((bool)answers[2]["result"]!["isError"]!);
        Assert.False(File.Exists(Mark));
        var seen = Encoding.UTF8.GetString(Convert.FromBase64String(TextOf(answers[3])));
        var requested = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested && Text(r, "resource")!.EndsWith("/line", StringComparison.Ordinal));
        Assert.Equal(
            $$$"""[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"_meta":{"traceparent":"00-{{{requested.Trace}}}-{{{requested.Span}}}-01"},"name":"line"}}]""" + "\n", seen);
    }

    [Fact]
    public async Task Denied_sampling_never_reaches_the_client_and_the_server_gets_an_error()
    {
        await using var harness = await GatewayHarness.DecidingAsync(r => DecidingPolicy.Decision(r.ActionType == "model.call" ? PolicyOutcome.Deny : PolicyOutcome.Allow));

        var answer = await harness.CallAsync("ask", new() { ["method"] = "sampling/createMessage", ["params"] = new JsonObject { ["maxTokens"] = 5 } });
        await harness.CloseAsync();

        var toServer = answer["result"]!["structuredContent"]!;
        Assert.Equal((-31004, "cairn-gateway"), ((int)toServer["code"]!, (string)toServer["data"]!["source"]!));
        var requested = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested && Text(r, "type") == "model.call");
        Assert.Equal("refused", Text(Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted && r.Span == requested.Span), "status"));
    }

    [Fact]
    public async Task Answer_that_asks_for_a_denied_input_is_withheld_and_each_input_accounted_for()
    {
        await using var harness = await GatewayHarness.DecidingAsync(r => DecidingPolicy.Decision(r.ActionType == "model.call" ? PolicyOutcome.Deny : PolicyOutcome.Allow));
        var result = JsonNode.Parse(
            """
            {"resultType":"input_required","requestState":"s","inputRequests":{
              "a":{"method":"elicitation/create","params":{"message":"m"}},
              "b":{"method":"sampling/createMessage","params":{"maxTokens":1}},
              "c":{"method":"elicitation/create","params":{"message":"n"}}}}
            """);

        var answer = await harness.CallAsync("result", new() { ["result"] = result });
        await harness.CloseAsync();

        Assert.True((bool)answer["result"]!["isError"]!);
        Assert.Contains("asks for input", TextOf(answer), StringComparison.Ordinal);
        var inputs = harness.Records.Where(r => r.Kind == RecordKinds.ActionRequested && Text(r, "type") != "tool.call").ToList();
        Assert.Equal(["message.send", "model.call", "message.send"], inputs.Select(r => Text(r, "type")));
        Assert.Equal(
            ["cancelled", "refused", "cancelled"],
            inputs.Select(i => Text(Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted && r.Span == i.Span), "status")));
    }

    [Fact]
    public async Task Allowed_input_reaches_the_client_and_is_completed_by_the_repeated_request()
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        var result = JsonNode.Parse("""{"resultType":"input_required","requestState":"s","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"m"}}}}""");

        var asks = await harness.CallAsync("result", new() { ["result"] = result });
        await harness.RequestAsync("tools/call", new JsonObject
        {
            ["name"] = "line",
            ["requestState"] = "s",
            ["inputResponses"] = new JsonObject { ["a"] = new JsonObject { ["action"] = "accept" } },
        });
        await harness.CloseAsync();

        Assert.Equal("input_required", (string)asks["result"]!["resultType"]!);
        var input = Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionRequested && Text(r, "type") == "message.send");
        Assert.Equal("ok", Text(Assert.Single(harness.Records, r => r.Kind == RecordKinds.ActionCompleted && r.Span == input.Span), "status"));
    }

    [Fact]
    public async Task Call_in_a_trail_of_its_own_is_decided_and_recorded_there_and_the_bundle_is_too()
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        await harness.InitializeAsync();
        await harness.RunRecords.RecordAsync(Bundle("1"), default);
        var caller = new TraceParent(TraceId.New(), SpanId.New(), 0);
        await harness.RequestAsync("tools/call", new JsonObject { ["name"] = "line", ["_meta"] = new JsonObject { ["traceparent"] = caller.ToString() } });
        await harness.RunRecords.RecordAsync(Bundle("2"), default);
        await harness.CloseAsync();

        var theirs = harness.Records.Where(r => r.Trace == caller.Trace).ToList();
        Assert.Equal(["1", "2"], theirs.Where(r => r.Kind == RecordKinds.PolicyLoaded).Select(r => Text(r, "version")));
        Assert.Contains(theirs, r => r.Kind == RecordKinds.PolicyDecided);
        Assert.Equal(["1", "2"], harness.Records.Where(r => r.Kind == RecordKinds.PolicyLoaded && r.Trace != caller.Trace).Select(r => Text(r, "version")));
        Assert.All(harness.Records.Where(r => r.Kind == RecordKinds.TaskEnded), e => Assert.Equal(
            harness.Records.Count(r => r.Trace == e.Trace), e.Body.GetProperty("emitters")[0].GetProperty("records").GetInt64()));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await harness.RunRecords.RecordAsync(Bundle("3"), default));
    }

    private static BundleChange Bundle(string version) => new(
        true, Digest.Sha256(Encoding.UTF8.GetBytes(version)), "test", version, PolicyMode.Enforce, null, [], new PolicyEngine("test", "1", Digest.Sha256("engine"u8)));

    [Fact]
    public async Task Thousand_parallel_calls_with_a_reload_in_between_each_fit_their_one_bundle()
    {
        var (version, decisions) = ("1", 0);
        await using var harness = await GatewayHarness.DecidingAsync(_ =>
        {
            Interlocked.Increment(ref decisions);
            var now = Volatile.Read(ref version);
            return DecidingPolicy.Decision(now == "1" ? PolicyOutcome.Allow : PolicyOutcome.Deny) with { Version = now, Bundle = Digest.Sha256(Encoding.UTF8.GetBytes(now)) };
        });
        await harness.InitializeAsync();
        await harness.RunRecords.RecordAsync(Bundle("1"), default);
        const int calls = 1000;
        var lines = Enumerable.Range(10_000, calls).Select(i => $"{{\"jsonrpc\":\"2.0\",\"id\":{i},\"method\":\"tools/call\",\"params\":{{\"name\":\"line\"}}}}\n").ToList();

        var answers = new Dictionary<int, JsonObject>();
        var reading = Task.Run(async () =>
        {
            while (answers.Count < calls)
            {
                var answer = await harness.ReadMessageAsync();
                answers[(int)answer["id"]!] = answer;
            }
        });
        await harness.SendAsync(Encoding.UTF8.GetBytes(string.Concat(lines.Take(calls / 2))));
        while (Volatile.Read(ref decisions) < calls / 4)
        {
            await Task.Delay(1);
        }

        await harness.RunRecords.RecordAsync(Bundle("2"), default);
        Volatile.Write(ref version, "2");
        await harness.SendAsync(Encoding.UTF8.GetBytes(string.Concat(lines.Skip(calls / 2))));
        await reading;
        await harness.CloseAsync();

        var requests = harness.Records.Where(r => r.Kind == RecordKinds.ActionRequested).ToDictionary(r => int.Parse(r.Root.GetProperty("attributes").GetProperty("jsonrpc.request.id").GetString()!));
        var bySpan = harness.Records.ToLookup(r => r.Span);
        Assert.Equal(calls, requests.Count);
        foreach (var (id, answer) in answers)
        {
            var own = bySpan[requests[id].Span].ToList();
            var decided = Assert.Single(own, r => r.Kind == RecordKinds.PolicyDecided);
            var isAllowed = Text(decided, "version") == "1";
            Assert.Equal(isAllowed, answer["result"]!["isError"] is null);
            Assert.Equal(isAllowed ? "ok" : "refused", Text(Assert.Single(own, r => r.Kind == RecordKinds.ActionCompleted), "status"));
            Assert.Contains(harness.Records, r => r.Kind == RecordKinds.PolicyLoaded && r.Seq < decided.Seq && Text(r, "digest") == Text(decided, "bundle"));
        }

        Assert.InRange(answers.Values.Count(a => a["result"]!["isError"] is null), 1, calls - 1);
    }
}
