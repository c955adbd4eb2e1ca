using System.Collections.Concurrent;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>A human's yes holds for one exact action, once, while somebody waits for it.</summary>
public sealed class ApprovalTests
{
    private static string? Text(Record record, string member) => record.Body.GetProperty(member).GetString();

    [Fact]
    public async Task Approved_action_is_decided_again_and_admitted()
    {
        await using var bench = await PipelineBench.StartAsync(DecidingPolicy.ApprovalUnlessApproved);
        var words = new ConcurrentQueue<string>();

        var call = bench.Pipeline.BeginAsync(bench.Pay(), new Listener(words), default).AsTask();
        var request = await bench.PendingAsync();
        Assert.DoesNotContain(RecordKinds.ActionRequested, bench.Kinds);
        bench.Desk.Answer(request, approved: true, "fine with me");
        var permit = await call;
        await permit.CompleteAsync(new ActionResult("ok"));
        await bench.FlushAsync();

        Assert.Null(permit.Refusal);
        Assert.Equal(
            [
                RecordKinds.PolicyDecided, RecordKinds.ApprovalRequested, RecordKinds.ApprovalRecorded, RecordKinds.PolicyDecided,
                RecordKinds.ActionRequested, RecordKinds.ActionCompleted,
            ],
            bench.Kinds);
        var recorded = bench.Only(RecordKinds.ApprovalRecorded);
        Assert.Equal(("approved", $"os-user:{Environment.UserName}", "os-user"), (Text(recorded, "decision"), Text(recorded, "approver"), Text(recorded, "authenticated")));
        Assert.Equal(Text(bench.Only(RecordKinds.ApprovalRequested), "action_digest"), Text(recorded, "action_digest"));
        Assert.Equal(recorded.Id.ToString(), Text(bench.Only(RecordKinds.ActionRequested), "approval"));
        Assert.Equal(recorded.Id.ToString(), Text(bench.Records.Last(r => r.Kind == RecordKinds.PolicyDecided), "approval"));
        Assert.Contains(words, w => w.Contains($"cairn approve {request.Id}", StringComparison.Ordinal));
        Assert.Empty(bench.Desk.Pending());
    }

    [Fact]
    public async Task Denied_approval_refuses_the_action()
    {
        await using var bench = await PipelineBench.StartAsync(DecidingPolicy.ApprovalUnlessApproved);

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, default).AsTask();
        bench.Desk.Answer(await bench.PendingAsync(), approved: false, null);
        var permit = await call;

        Assert.Equal("approval_denied", permit.Refusal?.Code);
        Assert.Equal("denied", Text(bench.Only(RecordKinds.ApprovalRecorded), "decision"));
        Assert.Equal("refused", Text(bench.Only(RecordKinds.ActionCompleted), "status"));
    }

    [Fact]
    public async Task Approval_that_nobody_gives_expires()
    {
        await using var bench = await PipelineBench.StartAsync(
            r => DecidingPolicy.ApprovalUnlessApproved(r) with { ApprovalTimeout = TimeSpan.FromMilliseconds(300) });

        var permit = await bench.Pipeline.BeginAsync(bench.Pay(), null, default);

        Assert.Equal("approval_expired", permit.Refusal?.Code);
        var recorded = bench.Only(RecordKinds.ApprovalRecorded);
        Assert.Equal(("expired", "nobody", "none"), (Text(recorded, "decision"), Text(recorded, "approver"), Text(recorded, "authenticated")));
        Assert.Empty(bench.Desk.Pending());
    }

    [Fact]
    public async Task Caller_that_gives_up_withdraws_its_request()
    {
        await using var bench = await PipelineBench.StartAsync(DecidingPolicy.ApprovalUnlessApproved);
        using var cancel = new CancellationTokenSource();

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, cancel.Token).AsTask();
        var request = await bench.PendingAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Throws<ApprovalClosedException>(() => bench.Desk.Answer(request, approved: true, null));

        Assert.Equal("withdrawn", Text(bench.Only(RecordKinds.ApprovalRecorded), "decision"));
        Assert.Equal("cancelled", Text(bench.Only(RecordKinds.ActionCompleted), "status"));
        Assert.Empty(bench.Desk.Pending());
    }

    [Fact]
    public async Task Answer_to_another_digest_does_not_approve_this_action()
    {
        await using var bench = await PipelineBench.StartAsync(DecidingPolicy.ApprovalUnlessApproved);

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, default).AsTask();
        var request = await bench.PendingAsync();
        bench.Desk.Answer(request with { ActionDigest = Digest.Sha256("another action"u8) }, approved: true, null);
        var permit = await call;

        Assert.Equal("approval_withdrawn", permit.Refusal?.Code);
        Assert.Equal("withdrawn", Text(bench.Only(RecordKinds.ApprovalRecorded), "decision"));
        Assert.Equal("refused", Text(bench.Only(RecordKinds.ActionCompleted), "status"));
    }

    [Fact]
    public async Task Request_whose_words_were_changed_is_not_genuine()
    {
        await using var bench = await PipelineBench.StartAsync(DecidingPolicy.ApprovalUnlessApproved);
        using var cancel = new CancellationTokenSource();
        byte[] key = [.. Enumerable.Repeat((byte)7, 32)];

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, cancel.Token).AsTask();
        var request = await bench.PendingAsync();
        var file = Path.Combine(bench.Data, "approvals", $"{request.Id}.json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("bank/tools/pay", "bank/tools/see", StringComparison.Ordinal));
        var edited = await bench.PendingAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        Assert.True(request.IsGenuine(key));
        Assert.Contains("bank/tools/see", edited.InWords, StringComparison.Ordinal);
        Assert.False(edited.IsGenuine(key));
    }

    [Fact]
    public async Task Bundle_that_changes_while_a_human_decides_voids_the_approval()
    {
        var bundle = Digest.Sha256("one"u8);
        await using var bench = await PipelineBench.StartAsync(r => DecidingPolicy.ApprovalUnlessApproved(r) with { Bundle = bundle });

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, default).AsTask();
        var request = await bench.PendingAsync();
        bundle = Digest.Sha256("two"u8);
        bench.Desk.Answer(request, approved: true, null);
        var permit = await call;

        Assert.Equal("approval_withdrawn", permit.Refusal?.Code);
        Assert.Equal("approved", Text(bench.Only(RecordKinds.ApprovalRecorded), "decision"));
        Assert.Equal("refused", Text(bench.Only(RecordKinds.ActionCompleted), "status"));
    }

    [Fact]
    public async Task Policy_that_denies_after_the_approval_prevails()
    {
        await using var bench = await PipelineBench.StartAsync(r => DecidingPolicy.Decision(r.Approved ? PolicyOutcome.Deny : PolicyOutcome.NeedsApproval));

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, default).AsTask();
        bench.Desk.Answer(await bench.PendingAsync(), approved: true, null);

        Assert.Equal("policy_denied", (await call).Refusal?.Code);
    }

    [Fact]
    public async Task User_outside_the_approvers_can_not_answer_and_one_in_their_group_can()
    {
        await using var bench = await PipelineBench.StartAsync(r => DecidingPolicy.ApprovalUnlessApproved(r) with { Approvers = ["group:finance"] });

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, default).AsTask();
        var request = await bench.PendingAsync();
        Assert.Throws<UnauthorizedAccessException>(() => bench.Desk.Answer(request, approved: true, null));

        // Written past the command: the waiting process looks for itself.
        var forged = new WrittenAnswer(request.Id, request.ActionDigest, true, null).Encode();
        var answer = Path.Combine(bench.Data, "approvals", $"{request.Id}.answer");
        Cairn.Identity.Files.DurableFile.Write(answer, forged);
        await Task.Delay(600);
        Assert.False(call.IsCompleted);
        Assert.Contains("none of the approvers", bench.Log.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(answer));

        await File.WriteAllTextAsync(Path.Combine(bench.Data, "approvers.json"), $"{{\"group:finance\":[\"{Environment.UserName}\"]}}");
        bench.Desk.Answer(request, approved: true, null);

        Assert.Null((await call).Refusal);
    }

    [Fact]
    public async Task Answer_that_others_could_have_written_counts_for_nothing()
    {
        await using var bench = await PipelineBench.StartAsync(r => DecidingPolicy.ApprovalUnlessApproved(r) with { ApprovalTimeout = TimeSpan.FromSeconds(1) });

        var call = bench.Pipeline.BeginAsync(bench.Pay(), null, default).AsTask();
        var request = await bench.PendingAsync();
        var answer = Path.Combine(bench.Data, "approvals", $"{request.Id}.answer");
        await File.WriteAllBytesAsync(answer + "x", new WrittenAnswer(request.Id, request.ActionDigest, true, null).Encode());
        File.SetUnixFileMode(answer + "x", (UnixFileMode)0b110_110_110);
        File.Move(answer + "x", answer);

        Assert.Equal("approval_expired", (await call).Refusal?.Code);
        Assert.Contains("can be written by others", bench.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_shows_its_input_only_where_content_may_be_kept_and_without_secrets()
    {
        await using var bench = await PipelineBench.StartAsync(
            r => DecidingPolicy.ApprovalUnlessApproved(r) with { KeepContent = r.ActionName == "pay" ? ContentHandling.Full : null });
        using var cancel = new CancellationTokenSource();
        var secret = bench.Pay() with { Input = """{"amount":1,"password":"hunter2-and-more"}"""u8.ToArray() };

        var calls = new[]
        {
            bench.Pipeline.BeginAsync(secret, null, cancel.Token).AsTask(),
            bench.Pipeline.BeginAsync(secret with { Name = "move" }, null, cancel.Token).AsTask(),
        };
        while (bench.Desk.Pending().Count < 2)
        {
            await Task.Delay(20);
        }

        var inputs = bench.Desk.Pending().ToDictionary(p => p.Request["name"], p => p.Request.Input);
        await cancel.CancelAsync();
        foreach (var call in calls)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        Assert.Contains("\"amount\":1", inputs["pay"], StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", inputs["pay"], StringComparison.Ordinal);
        Assert.Null(inputs["move"]);
    }

    [Fact]
    public async Task Action_that_needs_approval_is_refused_where_there_is_no_desk()
    {
        await using var bench = await PipelineBench.StartAsync(DecidingPolicy.ApprovalUnlessApproved, configure: o => o with { Approvals = null });

        Assert.Equal("approval_unavailable", (await bench.Pipeline.BeginAsync(bench.Pay(), null, default)).Refusal?.Code);
    }

    private sealed class Listener(ConcurrentQueue<string> words) : IProgress<string>
    {
        public void Report(string value) => words.Enqueue(value);
    }
}
