using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Hooks;
using Cairn.Gateway.Tests.Authority;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Hooks;

/// <summary>Hook calls, each with an emitter of its own as the processes have, in the formats that agents document.</summary>
public sealed class RecordedHookTests
{
    private static async Task<HookAnswer> CallAsync(
        EmitterBench bench, JsonObject call, Func<AuthorizationRequest, PolicyDecision>? decide = null, Func<HookOptions, HookOptions>? configure = null,
        CaptureProfile capture = CaptureProfile.Metadata)
    {
        await using var emitter = await bench.AnotherEmitterAsync();
        var options = new HookOptions
        {
            Agent = SpiffeId.Parse("spiffe://test.local/agent/coder"),
            Owner = "pat@example.org",
            State = bench.Data,
            Ledger = bench.Ledger,
            LongestWait = TimeSpan.FromSeconds(10),
        };
        return await RecordedHook.RunAsync(
            configure?.Invoke(options) ?? options, bench.Deciding(decide, capture), emitter, bench.Keys,
            Encoding.UTF8.GetBytes(call.ToJsonString()), bench.Log, default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static JsonObject Event(string name, params (string Name, JsonNode? Value)[] members)
    {
        var call = new JsonObject
        {
            ["session_id"] = "session-1",
            ["transcript_path"] = "/t.jsonl",
            ["cwd"] = "/project",
            ["permission_mode"] = "default",
            ["hook_event_name"] = name,
        };
        foreach (var (member, value) in members)
        {
            call[member] = value;
        }

        return call;
    }

    private static JsonObject Before(string tool, JsonObject input, string id = "toolu_1") =>
        Event("PreToolUse", ("tool_name", tool), ("tool_input", input), ("tool_use_id", id));

    private static JsonObject After(string tool, JsonObject input, string id = "toolu_1") =>
        Event("PostToolUse", ("tool_name", tool), ("tool_input", input), ("tool_use_id", id), ("tool_response", new JsonObject { ["stdout"] = "marmalade" }));

    private static JsonObject Command(string command) => new() { ["command"] = command };

    private static JsonElement Of(Record record, string member) => record.Body.GetProperty(member);

    [Fact]
    public async Task Calls_before_and_after_are_one_action_in_the_sessions_trail()
    {
        await using var bench = await EmitterBench.StartAsync();

        await CallAsync(bench, Event("SessionStart", ("source", "startup"), ("model", "model-x")));
        var before = await CallAsync(bench, Before("Bash", Command("echo marmalade")));
        Assert.Contains(RecordKinds.ActionRequested, bench.Kinds);
        var after = await CallAsync(bench, After("Bash", Command("echo marmalade")));
        await CallAsync(bench, Event("SessionEnd", ("reason", "exit")));

        Assert.Equal((0, ""), (before.ExitCode, before.Output));
        Assert.Equal((0, ""), (after.ExitCode, after.Output));
        Assert.Single(bench.Records.Select(r => r.Trace).Distinct());
        var (requested, completed) = (bench.Only(RecordKinds.ActionRequested), bench.Only(RecordKinds.ActionCompleted));
        Assert.Equal("process.exec", Of(requested, "type").GetString());
        Assert.Equal((requested.Id.ToString(), "ok"), (Of(completed, "requested").GetString(), Of(completed, "status").GetString()));
        Assert.Equal(requested.Span, completed.Span);
        var root = bench.Records.First(r => r.Kind == RecordKinds.TaskStarted);
        Assert.Null(root.Parent);
        Assert.Equal(root.Span, requested.Parent);
        Assert.DoesNotContain("marmalade", bench.RecordText(), StringComparison.Ordinal);
        Assert.Empty(bench.SchemaErrors());
        Assert.Empty(Directory.EnumerateFiles(bench["hooks/pending"]));
        Assert.Empty(Directory.EnumerateFiles(bench["hooks/sessions"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Use_whose_policy_grants_a_credential_is_denied_with_the_way_that_can_hand_one_on(bool asksApproval)
    {
        await using var bench = await EmitterBench.StartAsync();

        var answer = await CallAsync(bench, Before("Bash", Command("pay")), request => asksApproval && !request.Approved
            ? DecidingPolicy.Decision(PolicyOutcome.NeedsApproval)
            : DecidingPolicy.Decision(PolicyOutcome.Allow) with { Credential = new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(2), false) });

        var told = JsonNode.Parse(answer.Output)!["hookSpecificOutput"]!;
        Assert.Equal("deny", (string)told["permissionDecision"]!);
        Assert.Contains("grants a credential (bank)", (string)told["permissionDecisionReason"]!, StringComparison.Ordinal);
        Assert.Contains("cairn exec", (string)told["permissionDecisionReason"]!, StringComparison.Ordinal);
        Assert.Equal("credential_refused", Of(bench.Only(RecordKinds.ActionCompleted), "error").GetProperty("code").GetString());
        Assert.Equal("refused", Of(bench.Only(RecordKinds.ActionCompleted), "status").GetString());
    }

    [Fact]
    public async Task Nothing_of_a_call_lies_on_disk_between_before_and_after()
    {
        await using var bench = await EmitterBench.StartAsync();
        var withoutId = Before("Bash", Command("echo marmalade"));
        withoutId.Remove("tool_use_id");

        await CallAsync(bench, withoutId);

        var pending = Assert.Single(Directory.EnumerateFiles(bench["hooks/pending"]));
        Assert.DoesNotContain("marmalade", await File.ReadAllTextAsync(pending), StringComparison.Ordinal);
        Assert.DoesNotContain(Digest.Sha256(Encoding.UTF8.GetBytes(Command("echo marmalade").ToJsonString())).ToString()[..32], pending, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_without_an_id_are_paired_by_their_input_and_the_oldest_first()
    {
        await using var bench = await EmitterBench.StartAsync();
        JsonObject Without(JsonObject call)
        {
            call.Remove("tool_use_id");
            return call;
        }

        await CallAsync(bench, Without(Before("Bash", Command("one"))));
        await CallAsync(bench, Without(Before("Bash", Command("two"))));
        await CallAsync(bench, Without(Before("Bash", Command("one"))));
        await CallAsync(bench, Without(After("Bash", Command("two"))));
        await CallAsync(bench, Without(After("Bash", Command("one"))));

        var requested = bench.Records.Where(r => r.Kind == RecordKinds.ActionRequested).Select(r => r.Id.ToString()).ToList();
        Assert.Equal([requested[1], requested[0]], bench.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => Of(r, "requested").GetString()));
        Assert.Single(Directory.EnumerateFiles(bench["hooks/pending"]));
    }

    [Fact]
    public async Task Sessions_have_trails_that_nobody_can_guess_and_one_each()
    {
        await using var bench = await EmitterBench.StartAsync();
        var another = Event("SessionStart");
        another["session_id"] = "session-2";

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => CallAsync(bench, Before("Read", new JsonObject { ["file_path"] = "/x" }, $"id-{i}"))));
        await CallAsync(bench, another);

        Assert.Equal(2, bench.Records.Select(r => r.Trace).Distinct().Count());
        Assert.Equal(2, bench.Records.Count(r => r.Kind == RecordKinds.TaskStarted && r.Parent is null));
    }

    [Fact]
    public async Task Session_inside_a_traced_caller_is_part_of_its_trail()
    {
        await using var bench = await EmitterBench.StartAsync();
        var caller = new TraceParent(TraceId.New(), SpanId.New());

        await CallAsync(bench, Event("SessionStart"), configure: options => options with { Caller = caller });

        Assert.Equal((caller.Trace, (SpanId?)caller.Span), (bench.Only(RecordKinds.TaskStarted).Trace, bench.Only(RecordKinds.TaskStarted).Parent));
    }

    [Fact]
    public async Task Denied_use_is_answered_in_the_agents_format_and_leaves_nothing_pending()
    {
        await using var bench = await EmitterBench.StartAsync();

        var answer = await CallAsync(bench, Before("Bash", Command("rm -rf /")), _ => DecidingPolicy.Decision(PolicyOutcome.Deny));

        var output = JsonNode.Parse(answer.Output)!["hookSpecificOutput"]!;
        Assert.Equal(("PreToolUse", "deny"), ((string?)output["hookEventName"], (string?)output["permissionDecision"]));
        Assert.Contains("because rule 7 says so", (string?)output["permissionDecisionReason"], StringComparison.Ordinal);
        Assert.Equal("refused", Of(bench.Only(RecordKinds.ActionCompleted), "status").GetString());
        Assert.Empty(Directory.EnumerateFiles(bench["hooks/pending"]));
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Allowed_use_leaves_the_agents_own_permissions_unless_it_is_to_grant()
    {
        await using var bench = await EmitterBench.StartAsync();

        var passes = await CallAsync(bench, Before("Bash", Command("ls")), _ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        var grants = await CallAsync(bench, Before("Bash", Command("ls")), _ => DecidingPolicy.Decision(PolicyOutcome.Allow), options => options with { Grants = true });
        var shadow = await CallAsync(bench, Before("Bash", Command("ls")), _ => DecidingPolicy.Decision(PolicyOutcome.Allow, PolicyMode.Shadow), options => options with { Grants = true });

        Assert.Equal("", passes.Output);
        Assert.Equal("allow", (string?)JsonNode.Parse(grants.Output)!["hookSpecificOutput"]!["permissionDecision"]);
        Assert.Equal("", shadow.Output);
    }

    [Fact]
    public async Task Use_that_needs_approval_is_put_to_the_agents_user_or_waits_at_the_desk()
    {
        await using var bench = await EmitterBench.StartAsync();

        var asks = await CallAsync(bench, Before("Bash", Command("deploy")), DecidingPolicy.ApprovalUnlessApproved);
        Assert.Equal("ask", (string?)JsonNode.Parse(asks.Output)!["hookSpecificOutput"]!["permissionDecision"]);
        Assert.DoesNotContain(RecordKinds.ApprovalRequested, bench.Kinds);
        Assert.False(bench.Only(RecordKinds.ActionRequested).Body.TryGetProperty("approval", out _));

        var waits = CallAsync(bench, Before("Bash", Command("deploy"), "toolu_2"), DecidingPolicy.ApprovalUnlessApproved, options => options with { WaitsForApproval = true });
        while (bench.Desk.Pending().Count == 0)
        {
            await Task.Delay(20);
        }

        bench.Desk.Answer(bench.Desk.Pending()[0].Request, approved: true, null);
        Assert.Equal("", (await waits).Output);
        Assert.Contains(RecordKinds.ApprovalRecorded, bench.Kinds);
    }

    [Fact]
    public async Task Approval_is_not_waited_for_longer_than_the_agent_waits_for_the_hook()
    {
        await using var bench = await EmitterBench.StartAsync();

        var answer = await CallAsync(
            bench, Before("Bash", Command("deploy")), request => DecidingPolicy.ApprovalUnlessApproved(request) with { ApprovalTimeout = TimeSpan.FromHours(1) },
            options => options with { WaitsForApproval = true, LongestWait = TimeSpan.FromMilliseconds(300) });

        Assert.Contains("nobody approved it in time", answer.Output, StringComparison.Ordinal);
        Assert.Equal("expired", Of(bench.Only(RecordKinds.ApprovalRecorded), "decision").GetString());
    }

    [Fact]
    public async Task Use_without_durable_evidence_is_denied()
    {
        await using var bench = await EmitterBench.StartAsync();
        bench.Ledger.IsAway = true;

        var answer = await CallAsync(bench, Before("Bash", Command("ls")), configure: options => options with { FlushTimeout = TimeSpan.FromSeconds(1) });

        Assert.Equal("deny", (string?)JsonNode.Parse(answer.Output)!["hookSpecificOutput"]!["permissionDecision"]);
    }

    [Fact]
    public async Task Written_file_has_its_digest_before_and_after()
    {
        await using var bench = await EmitterBench.StartAsync();
        File.WriteAllText(bench["file"], "old");
        JsonObject Input() => new() { ["file_path"] = bench["file"], ["content"] = "new" };

        await CallAsync(bench, Before("Write", Input()));
        File.WriteAllText(bench["file"], "new");
        await CallAsync(bench, After("Write", Input()));

        var requested = bench.Only(RecordKinds.ActionRequested);
        Assert.Equal("data.write", Of(requested, "type").GetString());
        Assert.True(Of(requested, "writes").GetBoolean());
        Assert.Equal($"file://{bench["file"]}", Of(requested, "resource").GetString());
        Assert.Equal($"sha256:{Digest.Sha256("old"u8)}", Of(requested, "before").GetProperty("value").GetString());
        Assert.Equal($"sha256:{Digest.Sha256("new"u8)}", Of(bench.Only(RecordKinds.ActionCompleted), "after").GetProperty("value").GetString());
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Failed_use_and_one_that_nobody_announced_are_told_apart()
    {
        await using var bench = await EmitterBench.StartAsync();

        await CallAsync(bench, Before("Bash", Command("false")));
        await CallAsync(bench, Event("PostToolUseFailure", ("tool_name", "Bash"), ("tool_input", Command("false")), ("tool_use_id", "toolu_1"), ("error", "exit 1")));
        await CallAsync(bench, After("Bash", Command("surprise"), "toolu_9"));

        var completed = bench.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).ToList();
        Assert.Equal(["tool_error", "ok"], completed.Select(r => Of(r, "status").GetString()));
        var surprise = bench.Records.Last(r => r.Kind == RecordKinds.ActionRequested);
        Assert.False(Of(surprise, "strict").GetBoolean());
        Assert.True(surprise.Root.GetProperty("attributes").GetProperty("cairn.hook.unannounced").GetBoolean());
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Uses_without_an_outcome_are_lost_at_the_end_of_their_agents_turn()
    {
        await using var bench = await EmitterBench.StartAsync();
        var subagents = Before("Bash", Command("b"), "toolu_2");
        subagents["agent_id"] = "sub-1";

        await CallAsync(bench, Before("Bash", Command("a")));
        await CallAsync(bench, subagents);
        await CallAsync(bench, Event("Stop"));
        Assert.Equal("lost", Of(bench.Only(RecordKinds.ActionCompleted), "status").GetString());
        await CallAsync(bench, Event("SubagentStop", ("agent_id", "sub-1")));

        Assert.Equal(2, bench.Records.Count(r => r.Kind == RecordKinds.ActionCompleted));
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Prompt_is_committed_to_and_kept_as_the_profile_says()
    {
        await using var bench = await EmitterBench.StartAsync();

        await CallAsync(bench, Event("UserPromptSubmit", ("prompt", "bring marmalade")), capture: CaptureProfile.Full);

        var context = bench.Only(RecordKinds.ContextCaptured);
        Assert.Equal("prompt", Of(context, "subject").GetString());
        Assert.Equal("full", Of(context, "commitment").GetProperty("content").GetString());
        Assert.Equal("bring marmalade", Encoding.UTF8.GetString(Assert.Single(bench.Ledger.Contents).Open(bench.Keys.KeyFor(default))));
        Assert.DoesNotContain("marmalade", bench.RecordText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mcp__files__read", """{"x":1}""", "tool.call", "mcp://files/tools/read")]
    [InlineData("Read", """{"file_path":"sub/a b.txt"}""", "data.read", "file:///project/sub/a%20b.txt")]
    [InlineData("WebFetch", """{"url":"https://u:p@example.org/a?token=x"}""", "http.request", "https://example.org/a?token=")]
    [InlineData("Task", """{"prompt":"x"}""", "tool.call", "hook://claude-code/tools/Task")]
    public async Task Tools_are_acts_upon_what_they_touch(string tool, string input, string type, string resource)
    {
        await using var bench = await EmitterBench.StartAsync();

        await CallAsync(bench, Before(tool, JsonNode.Parse(input)!.AsObject()));

        var requested = bench.Only(RecordKinds.ActionRequested);
        Assert.Equal((type, resource), (Of(requested, "type").GetString(), Of(requested, "resource").GetString()));
    }

    [Theory]
    [InlineData("BeforeTool", HookFormat.GeminiCli, """{"decision":"deny","reason":""")]
    [InlineData("PreToolUse", HookFormat.Codex, """{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":""")]
    [InlineData("preToolUse", HookFormat.Cursor, """{"permission":"deny","user_message":""")]
    public async Task Formats_are_found_out_and_answered_in_their_own_words(string name, HookFormat format, string beginning)
    {
        await using var bench = await EmitterBench.StartAsync();
        var call = Before("shell", Command("x"));
        call["hook_event_name"] = name;
        call["conversation_id"] = "conversation-1";
        call["turn_id"] = "turn-1";

        var denied = await CallAsync(bench, call.DeepClone().AsObject(), _ => DecidingPolicy.Decision(PolicyOutcome.Deny));
        var asking = await CallAsync(bench, call.DeepClone().AsObject(), DecidingPolicy.ApprovalUnlessApproved);

        Assert.StartsWith(beginning, denied.Output, StringComparison.Ordinal);
        Assert.Contains(format == HookFormat.Cursor ? "\"ask\"" : "\"deny\"", asking.Output, StringComparison.Ordinal);
        Assert.Equal($"hook/{HookFormats.NameOf(format)}", Of(bench.Records[0], "channel").GetString());
    }

    [Fact]
    public async Task Cursors_shell_calls_are_paired_by_session_and_command()
    {
        await using var bench = await EmitterBench.StartAsync();
        JsonObject Cursor(string name) => new() { ["conversation_id"] = "c", ["generation_id"] = "g", ["hook_event_name"] = name, ["command"] = "make", ["workspace_roots"] = new JsonArray("/project") };
        var after = Cursor("afterShellExecution");
        after["output"] = "done";
        AuthorizationRequest? asked = null;

        await CallAsync(bench, Cursor("beforeShellExecution"), request =>
        {
            asked = request;
            return DecidingPolicy.Decision(PolicyOutcome.Allow);
        });
        await CallAsync(bench, after);

        Assert.Equal(bench.Only(RecordKinds.ActionRequested).Id.ToString(), Of(bench.Only(RecordKinds.ActionCompleted), "requested").GetString());
        Assert.Equal("make", JsonNode.Parse(asked!.Arguments.Span)!["command"]!.GetValue<string>());
        Assert.Empty(bench.SchemaErrors());
    }

    [Theory]
    [InlineData("", "expected one JSON object")]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{}", "hook_event_name")]
    [InlineData("""{"hook_event_name":"PreToolUse","hook_event_name":"Stop","session_id":"s"}""", "expected one JSON object")]
    [InlineData("""{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{}}""", "session_id")]
    [InlineData("""{"hook_event_name":"PreToolUse","session_id":"s","tool_input":{}}""", "tool_name")]
    [InlineData("""{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Bash"}""", "tool_input")]
    [InlineData("""{"hook_event_name":"beforeShellExecution","session_id":7,"command":"x"}""", "conversation_id")]
    public void What_is_no_hook_call_is_refused_with_what_is_missing(string json, string expected)
    {
        var problem = Assert.Throws<HookFormatException>(() => HookCall.Parse(Encoding.UTF8.GetBytes(json), null));

        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_event_is_answered_and_not_recorded()
    {
        await using var bench = await EmitterBench.StartAsync();

        Assert.Equal(0, (await CallAsync(bench, Event("PreCompact"))).ExitCode);
        Assert.Empty(bench.Records);
    }
}
