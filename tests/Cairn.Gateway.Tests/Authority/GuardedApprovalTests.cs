using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>A call that waits for a human: others go by, the client is kept alive, and only an answer to exactly this call lets it pass.</summary>
public sealed class GuardedApprovalTests : IDisposable
{
    private readonly string _folder = TestPaths.Scratch();

    private string Mark => Path.Combine(_folder, "mark");

    private static readonly TimeSpan Never = TimeSpan.FromMinutes(5);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.ToString() : null;

    private static PolicyDecision AskAboutMarks(AuthorizationRequest request) =>
        request.ActionName == "mark" ? DecidingPolicy.ApprovalUnlessApproved(request) with { ApprovalTimeout = Never } : DecidingPolicy.Decision(PolicyOutcome.Allow);

    private Task SendMarkAsync(GatewayHarness harness, int id, JsonObject? meta = null) => harness.SendAsync(new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["id"] = id,
        ["method"] = "tools/call",
        ["params"] = new JsonObject { ["name"] = "mark", ["arguments"] = new JsonObject { ["file"] = Mark }, ["_meta"] = meta ?? [] },
    }.ToJsonString());

    private static Record Completed(GatewayHarness harness, string resource) => Assert.Single(
        harness.Records, r => r.Kind == RecordKinds.ActionCompleted && Text(r, "resource")!.EndsWith(resource, StringComparison.Ordinal));

    [Fact]
    public async Task Approved_call_passes_and_other_calls_went_by_meanwhile()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await harness.InitializeAsync();
        await SendMarkAsync(harness, 500);
        var request = await harness.PendingAsync();

        var other = await harness.CallAsync("line");
        var pong = await harness.RequestAsync("ping");
        Assert.False(File.Exists(Mark));
        harness.Desk.Answer(request, approved: true, null);
        var marked = await harness.AnswerAsync(500);
        await harness.CloseAsync();

        Assert.NotNull(other["result"]);
        Assert.NotNull(pong["result"]);
        Assert.Equal("marked", (string)marked["result"]!["content"]![0]!["text"]!);
        Assert.True(File.Exists(Mark));
        var completed = Completed(harness, "/mark");
        Assert.Equal("ok", Text(completed, "status"));
        Assert.Equal(
            [
                RecordKinds.PolicyDecided, RecordKinds.ApprovalRequested, RecordKinds.ApprovalRecorded, RecordKinds.PolicyDecided,
                RecordKinds.ActionRequested, RecordKinds.ActionCompleted,
            ],
            harness.Records.Where(r => r.Span == completed.Span).Select(r => r.Kind));
    }

    [Fact]
    public async Task Client_that_gave_a_progress_token_hears_that_its_call_waits_in_rising_numbers()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks, reportInterval: TimeSpan.FromMilliseconds(100));
        await SendMarkAsync(harness, 500, new JsonObject { ["progressToken"] = "p-1" });
        var request = await harness.PendingAsync();

        var notices = new List<JsonObject>();
        while (notices.Count < 3)
        {
            notices.Add(await harness.ReadMessageAsync());
        }

        harness.Desk.Answer(request, approved: false, null);
        JsonObject last;
        while ((last = await harness.ReadMessageAsync())["method"] is not null)
        {
            notices.Add(last);
        }

        Assert.All(notices, n => Assert.Equal(("notifications/progress", "p-1"), ((string)n["method"]!, (string)n["params"]!["progressToken"]!)));
        Assert.All(notices, n => Assert.Contains($"cairn approve {request.Id}", (string)n["params"]!["message"]!, StringComparison.Ordinal));
        var values = notices.Select(n => (double)n["params"]!["progress"]!).ToList();
        Assert.Equal(values.Order().Distinct(), values);
        Assert.All(values, v => Assert.True(v < 0));
        Assert.True((bool)last["result"]!["isError"]!);
        Assert.Equal("approval_denied", (string)last["result"]!["_meta"]!["cairn/refusal"]!["reason"]!);
        Assert.False(File.Exists(Mark));
    }

    [Fact]
    public async Task Call_cancelled_in_mid_approval_never_passes_and_its_cancellation_neither()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        var request = await harness.PendingAsync();

        await harness.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":500}}""");
        await harness.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted);
        Assert.Throws<ApprovalClosedException>(() => harness.Desk.Answer(request, approved: true, null));
        var next = await harness.CallAsync("line");
        await harness.CloseAsync();

        // Nothing came before the answer to the next call: a cancelled request is not answered.
        Assert.NotNull(next["result"]);
        Assert.False(File.Exists(Mark));
        var completed = Completed(harness, "/mark");
        Assert.Equal(
            ("cancelled", "the client cancelled the request before it was passed on"),
            (Text(completed, "status"), completed.Body.GetProperty("error").GetProperty("message").GetString()));
        Assert.Equal("withdrawn", Text(Assert.Single(harness.Records, r => r.Kind == RecordKinds.ApprovalRecorded), "decision"));
        Assert.DoesNotContain(harness.Desk.Pending(), p => p.IsWaiting);
    }

    [Fact]
    public async Task Call_cancelled_in_mid_decision_never_passes_and_holds_up_nobody()
    {
        var policy = new SlowPolicy("mark");
        await using var harness = await GatewayHarness.DecidingAsync(_ => throw new NotSupportedException(), authority: o => o with { Policy = policy });
        await SendMarkAsync(harness, 500);
        await policy.Asked.WaitAsync(TimeSpan.FromSeconds(10));

        var other = await harness.CallAsync("line");
        await harness.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":500}}""");
        await harness.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted && Text(r, "status") == "cancelled");
        await harness.CloseAsync();

        Assert.NotNull(other["result"]);
        Assert.False(File.Exists(Mark));
        Assert.Equal("cancelled", Text(Completed(harness, "/mark"), "status"));
    }

    [Fact]
    public async Task Cancellation_of_a_call_that_has_passed_reaches_the_server()
    {
        await using var harness = await GatewayHarness.DecidingAsync(_ => DecidingPolicy.Decision(PolicyOutcome.Allow));
        await harness.SendAsync("""{"jsonrpc":"2.0","id":500,"method":"tools/call","params":{"name":"never"}}""");
        await harness.RecordAsync(r => r.Kind == RecordKinds.ActionRequested);
        await harness.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":500}}""");
        var completed = await harness.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted);

        Assert.Equal(("cancelled", "the caller cancelled the request; it was not answered"), (Text(completed, "status"), completed.Body.GetProperty("error").GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Answer_of_a_server_to_a_call_that_still_waits_reaches_nobody_and_is_declared()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        var request = await harness.PendingAsync();
        var forged = Convert.ToBase64String("""{"jsonrpc":"2.0","id":500,"result":{"content":[{"type":"text","text":"forged"}]}}"""u8);

        var written = await harness.CallAsync("write", new() { ["base64"] = Convert.ToBase64String([.. Convert.FromBase64String(forged), (byte)'\n']) });
        harness.Desk.Answer(request, approved: true, null);
        var answer = await harness.AnswerAsync(500);
        await harness.CloseAsync();

        Assert.NotNull(written["result"]);
        Assert.Equal("marked", (string)answer["result"]!["content"]![0]!["text"]!);
        Assert.Equal("early_response", Text(Assert.Single(harness.Records, r => r.Kind == RecordKinds.GapDeclared), "reason"));
    }

    [Fact]
    public async Task Answer_that_comes_too_late_approves_nothing()
    {
        await using var harness = await GatewayHarness.DecidingAsync(r => AskAboutMarks(r) with { ApprovalTimeout = TimeSpan.FromMilliseconds(500) });
        await SendMarkAsync(harness, 500);
        var request = await harness.PendingAsync();

        var answer = await harness.AnswerAsync(500);
        Assert.Throws<ApprovalClosedException>(() => harness.Desk.Answer(request, approved: true, null));
        await harness.CallAsync("line");
        await harness.CloseAsync();

        Assert.Equal("approval_expired", (string)answer["result"]!["_meta"]!["cairn/refusal"]!["reason"]!);
        Assert.False(File.Exists(Mark));
        Assert.Equal("refused", Text(Completed(harness, "/mark"), "status"));
    }

    [Fact]
    public async Task Second_answer_does_not_change_the_first()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        var request = await harness.PendingAsync();

        harness.Desk.Answer(request, approved: false, "no");
        Assert.Throws<ApprovalClosedException>(() => harness.Desk.Answer(request, approved: true, "yes after all"));
        var answer = await harness.AnswerAsync(500);
        await harness.CloseAsync();

        Assert.Equal("approval_denied", (string)answer["result"]!["_meta"]!["cairn/refusal"]!["reason"]!);
        Assert.False(File.Exists(Mark));
    }

    [Fact]
    public async Task Answer_to_another_digest_lets_nothing_pass()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        var request = await harness.PendingAsync();

        harness.Desk.Answer(request with { ActionDigest = Digest.Sha256("another action"u8) }, approved: true, null);
        var answer = await harness.AnswerAsync(500);

        Assert.Equal("approval_withdrawn", (string)answer["result"]!["_meta"]!["cairn/refusal"]!["reason"]!);
        Assert.False(File.Exists(Mark));
    }

    [Fact]
    public async Task Client_that_leaves_while_its_call_waits_withdraws_it()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        await harness.PendingAsync();

        Assert.Equal(0, await harness.CloseAsync());

        Assert.False(File.Exists(Mark));
        var completed = Completed(harness, "/mark");
        Assert.Equal(("cancelled", "the client ended before the action was permitted"), (Text(completed, "status"), completed.Body.GetProperty("error").GetProperty("message").GetString()));
        Assert.Equal(RecordKinds.TaskEnded, harness.Records[^1].Kind);
        Assert.Equal(harness.Records.Count, harness.Records[^1].Body.GetProperty("emitters")[0].GetProperty("records").GetInt64());
        Assert.Empty(harness.Desk.Pending());
    }

    [Fact]
    public async Task Gateway_told_to_end_withdraws_what_waits_and_says_so()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        await harness.PendingAsync();

        await harness.TellToEndAsync();

        Assert.False(File.Exists(Mark));
        Assert.Equal("the gateway was told to end before the action was permitted", Completed(harness, "/mark").Body.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(RecordKinds.TaskEnded, harness.Records[^1].Kind);
    }

    [Fact]
    public async Task Server_that_dies_while_a_call_waits_ends_the_wait_and_the_client_is_told()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await SendMarkAsync(harness, 500);
        await harness.PendingAsync();

        await harness.SendAsync("""{"jsonrpc":"2.0","id":501,"method":"tools/call","params":{"name":"kill"}}""");
        var answer = await harness.AnswerAsync(500);
        Assert.Equal(137, await harness.Run.WaitAsync(TimeSpan.FromSeconds(20)));

        Assert.Equal(-31002, (int)answer["error"]!["code"]!);
        Assert.Equal("cancelled", Text(Completed(harness, "/mark"), "status"));
        Assert.Equal("lost", Text(Completed(harness, "/kill"), "status"));
    }

    [Fact]
    public async Task Waiting_call_of_a_batch_leaves_it_and_passes_later_in_one_of_its_own()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks);
        await harness.SendAsync(new JsonArray(
            new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "ping" },
            new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["id"] = 2,
                ["method"] = "tools/call",
                ["params"] = new JsonObject { ["name"] = "mark", ["arguments"] = new JsonObject { ["file"] = Mark } },
            }).ToJsonString());

        Assert.Equal(1, (int)(await harness.ReadMessageAsync())["id"]!);
        harness.Desk.Answer(await harness.PendingAsync(), approved: true, null);

        Assert.NotNull((await harness.AnswerAsync(2))["result"]);
        Assert.True(File.Exists(Mark));
    }

    [Fact]
    public async Task More_calls_than_may_wait_are_refused_at_once()
    {
        await using var harness = await GatewayHarness.DecidingAsync(AskAboutMarks, configure: o => o with { MaxWaiting = 1 });
        await SendMarkAsync(harness, 500);
        await harness.PendingAsync();
        JsonObject refused;
        var id = 600;
        do
        {
            // The first has stepped aside a moment after it was laid on the desk.
            refused = await harness.RequestAsync("tools/call", new JsonObject { ["name"] = "line" });
        }
        while (refused["error"] is null && id++ < 700);

        Assert.Equal(-31003, (int)refused["error"]!["code"]!);
        await harness.RecordAsync(r => r.Kind == RecordKinds.GapDeclared && Text(r, "reason") == "too_many_waiting");
    }

    /// <summary>Never decides about one tool.</summary>
    private sealed class SlowPolicy(string tool) : IPolicyDecisionPoint
    {
        private readonly TaskCompletionSource _asked = new();

        public Task Asked => _asked.Task;

        public async ValueTask<PolicyDecision> DecideAsync(AuthorizationRequest request, CancellationToken cancellationToken)
        {
            if (request.ActionName == tool)
            {
                _asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return DecidingPolicy.Decision(PolicyOutcome.Allow);
        }
    }
}
