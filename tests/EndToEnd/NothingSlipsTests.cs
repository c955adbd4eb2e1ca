using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Broker;
using Cairn.Evidence.Records;
using Cairn.Policy.Bundles;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Cairn.EndToEnd;

/// <summary>What happens between a decision and the act that it is about, with every part a process of its own.</summary>
public class NothingSlipsTests
{
    /// <summary>Matching a text of many a's against it takes time in proportion to both lengths: it never ends in b.</summary>
    private static string Slow(int length) => $"*{new string('a', length)}b*";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.ToString() : null;

    private static string? ErrorOf(Record completed) => completed.Body.TryGetProperty("error", out var error) ? error.GetProperty("message").GetString() : null;

    private static long CallOf(Record record) => record.Root.GetProperty("attributes").GetProperty("jsonrpc.request.id") is { ValueKind: JsonValueKind.Number } number
        ? number.GetInt64() : long.Parse(record.Root.GetProperty("attributes").GetProperty("jsonrpc.request.id").GetString()!);

    [Fact]
    public async Task Calls_cancelled_while_they_are_decided_about_do_nothing_or_are_done_and_the_records_say_which()
    {
        const int calls = 120;
        using var folder = new TemporaryFolder();
        var work = Directory.CreateDirectory(folder["work"]).FullName;
        var bundle = ToolBundle.Write(
            folder,
            $$"""
            @id("writes") permit (principal, action == Action::"tool.call", resource) when { context.name == "write_file" };
            @id("slowly") forbid (principal, action == Action::"tool.call", resource)
            when { context has arguments && context.arguments has content && context.arguments.content like "{{Slow(500)}}" };
            @id("moves") @approval("group:writers") permit (principal, action == Action::"tool.call", resource) when { context.name == "move_file" };
            """,
            texts: "content");
        using var gateway = Process.Start(CairnProgram.Start(["mcp", "--data", folder["data"], "--policy", bundle, "--", .. WrappedServer.Files(work)]))!;
        var messages = gateway.StandardError.ReadToEndAsync(Cancel);
        var answers = Task.Run(() => AnswersAsync(gateway), Cancel);
        await SayAsync(gateway, """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
        await SayAsync(gateway, """{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        for (var i = 1; i <= calls; i++)
        {
            await SayAsync(gateway, Call(i, "write_file", new { path = Path.Combine(work, $"{i}.txt"), content = new string('a', 4000) }));

            // At once, a few calls later, or not at all.
            if (i % 3 == 0)
            {
                await SayAsync(gateway, Cancellation(i));
            }
            else if (i % 3 == 1 && i > 9)
            {
                await SayAsync(gateway, Cancellation(i - 9));
            }
        }

        await File.WriteAllTextAsync(folder["work/stays"], "", Cancel);
        await SayAsync(gateway, Call(calls + 1, "move_file", new { source = folder["work/stays"], destination = folder["work/gone"] }));
        var asked = await WaitingAsync(folder["data"], 1);
        await SayAsync(gateway, Cancellation(calls + 1));
        await WaitingAsync(folder["data"], 0);
        var late = await CairnProgram.RunAsync("approve", asked[0], "--data", folder["data"]);
        gateway.StandardInput.Close();
        await gateway.WaitForExitAsync(Cancel);

        Assert.True(gateway.ExitCode == 0, await messages);
        Assert.Equal(1, late.ExitCode);
        Assert.True(File.Exists(folder["work/stays"]));
        var answered = await answers;
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var completed = records.Where(record => record.Kind == RecordKinds.ActionCompleted).ToDictionary(CallOf);
        var requested = records.Where(record => record.Kind == RecordKinds.ActionRequested).ToDictionary(CallOf);
        Assert.Equal(Enumerable.Range(1, calls + 1).Select(i => (long)i), requested.Keys.Order());
        Assert.Equal(requested.Keys.Order(), completed.Keys.Order());
        for (var i = 1; i <= calls; i++)
        {
            var (status, error) = (Text(completed[i], "status"), ErrorOf(completed[i]));
            Assert.Equal(requested[i].Id.ToString(), Text(completed[i], "requested"));
            if (File.Exists(Path.Combine(work, $"{i}.txt")))
            {
                // It reached the server: because a decision that was recorded before allowed it.
                Assert.True(status == "ok" || (status == "cancelled" && !error!.Contains("before", StringComparison.Ordinal)), $"{i}: {status} {error}");
                var decided = Assert.Single(records, record => record.Kind == RecordKinds.PolicyDecided && Text(record, "action") == requested[i].Id.ToString());
                Assert.Equal("allow", Text(decided, "decision"));
                Assert.True(decided.Seq < requested[i].Seq);
            }
            else
            {
                Assert.True(status == "cancelled" && error!.Contains("before", StringComparison.Ordinal), $"{i}: {status} {error}");
                Assert.DoesNotContain(i, answered);
            }
        }

        Assert.All(Enumerable.Range(1, calls).Where(i => i % 3 == 2), i => Assert.Equal("ok", Text(completed[i], "status")));
        Assert.All(Enumerable.Range(1, calls).Where(i => i % 3 == 2), i => Assert.Contains(i, answered));
        Assert.Contains(completed.Values, record => Text(record, "status") == "cancelled");
        Assert.Equal("cancelled", Text(completed[calls + 1], "status"));
        Assert.Equal("withdrawn", Text(Assert.Single(records, record => record.Kind == RecordKinds.ApprovalRecorded), "decision"));
        Assert.Equal(Enumerable.Range(0, records.Count).Select(n => (long)n), records.Select(record => record.Seq).Order());
        await NothingFoundAsync(folder, records[0].Trace.ToString());
    }

    [Fact]
    public async Task Engine_that_gives_up_denies_the_call_with_its_error_recorded_and_decides_the_next_one()
    {
        using var folder = new TemporaryFolder();
        var bundle = ToolBundle.Write(
            folder,
            $$"""
            @id("echoes") permit (principal, action == Action::"tool.call", resource);
            @id("looks-closely") forbid (principal, action == Action::"tool.call", resource)
            when { context has arguments && context.arguments has message && context.arguments.message like "{{Slow(4000)}}" };
            """,
            texts: "message");
        CallToolResult before, during, after;
        await using (var server = await WrappedServer.EverythingAsync(folder["data"], "--policy", bundle))
        {
            before = await server.EchoAsync("before");
            during = await server.EchoAsync(new string('a', 60_000));
            after = await server.EchoAsync("after");
            Assert.Equal(0, await server.CloseAsync());
        }

        Assert.Contains("before", Recorded.TextOf(before));
        Assert.True(during.IsError);
        Assert.Contains("after", Recorded.TextOf(after));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var decided = records.Where(record => record.Kind == RecordKinds.PolicyDecided).ToList();
        Assert.Equal(["allow", "deny", "allow"], decided.Select(record => Text(record, "decision")));
        Assert.Contains("the evaluation used up its budget of work", Text(decided[1], "errors"));
        Assert.Equal(["ok", "refused", "ok"], records.Where(record => record.Kind == RecordKinds.ActionCompleted).Select(record => Text(record, "status")));
        await NothingFoundAsync(folder, records[0].Trace.ToString());
    }

    [Fact]
    public async Task Credential_revoked_between_decision_and_use_is_not_used_and_the_evidence_has_the_order()
    {
        using var folder = new TemporaryFolder();
        await using (var first = await WrappedServer.EverythingAsync(folder["data"]))
        {
            await first.CloseAsync();
        }

        var (ledgerAt, brokerAt) = ($"http://127.0.0.1:{RunningCairn.FreePort()}", $"http://127.0.0.1:{RunningCairn.FreePort()}");
        Directory.CreateDirectory(folder["data/broker"]);
        await File.WriteAllTextAsync(
            folder["data/broker/broker.json"],
            $$"""
            {"issuer":"{{brokerAt}}","gateways":["spiffe://cairn.local/gateway/*"],
             "workloads":[{"id":"spiffe://cairn.local/agent/*","audience":["https://echo.example"],"scope":["call"],"ttl_s":300}]}
            """,
            Cancel);
        var bundle = ToolBundle.Write(
            folder, """@id("echo") @credential("echo") permit (principal, action, resource);""", """{"echo":{"audience":"https://echo.example","scope":["call"],"ttl":"2m"}}""");
        await using var ledger = await RunningCairn.StartAsync("serving", "serve", "--data", folder["data"], "--listen", ledgerAt);
        await using var broker = await RunningCairn.StartAsync(brokerAt, "broker", "serve", "--data", folder["data"]);
        var join = (await File.ReadAllTextAsync(folder["data/enrol.token"], Cancel)).Trim();
        string refusal;
        CallToolResult next;
        string? revoked;
        await using (var server = await WrappedServer.StartAsync(folder["unused"], ["--policy", bundle, "--broker", brokerAt], WrappedServer.Everything, start =>
        {
            var at = start.ArgumentList.IndexOf("--data");
            (start.ArgumentList[at], start.ArgumentList[at + 1]) = ("--server", ledgerAt);
            (start.Environment["CAIRN_ENROL_TOKEN"], start.Environment["XDG_STATE_HOME"]) = (join, folder["state"]);
        }))
        {
            // The ledger stands still: the call has its decision and its credential, and waits for its evidence, though not for
            // long. Where the machine was too busy to revoke within that time, or the ledger stood still in the middle of a
            // write that the broker waits for, the call is refused for that, and another is made.
            for (var attempt = 1; ; attempt++)
            {
                await Task.Delay(300, Cancel);
                var before = NewestCredential(folder["data"]);
                await ledger.SignalAsync("STOP");
                var call = server.EchoAsync("with what was taken back");
                for (revoked = before; revoked == before && !call.IsCompleted; revoked = NewestCredential(folder["data"]))
                {
                    await Task.Delay(10, Cancel);
                }

                var isInTime = revoked != before && (await CairnProgram.RunAsync("credential", "revoke", revoked!, "--data", folder["data"], "--reason", "a test")).ExitCode == 0 && !call.IsCompleted;
                await ledger.SignalAsync("CONT");
                refusal = await RefusalAsync(call);
                if (isInTime)
                {
                    break;
                }

                Assert.True(attempt < 6, $"the revocation always came too late: {refusal}");
            }

            next = await server.EchoAsync("with another");
            Assert.Equal(0, await server.CloseAsync());
        }

        await broker.EndAsync();
        await ledger.EndAsync();
        Assert.Contains("does not hold any more", refusal);
        Assert.Contains("with another", Recorded.TextOf(next));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var trail = records.Where(record => record.Trace == records.First(one => one.Kind == RecordKinds.PolicyDecided).Trace).ToList();
        Record Only(string kind) => Assert.Single(trail, record => record.Kind == kind && Text(record, "id") == revoked);
        var (issued, ended) = (Only(RecordKinds.CredentialIssued), Only(RecordKinds.CredentialRevoked));
        Assert.DoesNotContain(trail, record => record.Kind == RecordKinds.CredentialUsed && Text(record, "id") == revoked);
        var outcomes = trail.Where(record => record.Kind == RecordKinds.ActionCompleted).OrderBy(record => record.Seq).ToList();
        Assert.Equal(["refused", "ok"], outcomes[^2..].Select(record => Text(record, "status")));
        Assert.Equal("credential_refused", outcomes[^2].Body.GetProperty("error").GetProperty("code").GetString());
        var request = trail.Single(record => record.Kind == RecordKinds.ActionRequested && record.Id.ToString() == Text(outcomes[^2], "requested"));
        var decided = trail.Single(record => record.Kind == RecordKinds.PolicyDecided && Text(record, "action") == request.Id.ToString());
        Assert.Equal((revoked, "allow"), (Text(request, "credential"), Text(decided, "decision")));
        Assert.True(decided.Time <= issued.Time && issued.Time < ended.Time && ended.Time < outcomes[^2].Time);
        await NothingFoundAsync(folder, trail[0].Trace.ToString());
    }

    [Fact]
    public async Task A_thousand_callers_under_a_policy_that_changes_are_each_decided_under_one_version_whole()
    {
        const int callers = 1000;
        const int versions = 4;
        using var folder = new TemporaryFolder();
        var expected = new Dictionary<string, (string Decision, string Policy)>();
        var bundle = ToolBundle.Write(folder, Version(0));
        Remember(0);
        var answered = new (int Allowed, int Denied)[callers];
        var seen = new ConcurrentDictionary<string, bool>();
        var phase = 0;
        await using (var server = await WrappedServer.EverythingAsync(folder["data"], "--policy", bundle))
        {
            var calling = Enumerable.Range(0, callers).Select(async caller =>
            {
                int begun;
                do
                {
                    begun = Volatile.Read(ref phase);
                    var answer = await server.EchoAsync($"{caller}");
                    if (answer.IsError == true)
                    {
                        Assert.Contains("closed-", Recorded.TextOf(answer));
                        answered[caller].Denied++;
                    }
                    else
                    {
                        Assert.Equal($"Echo: {caller}", Recorded.TextOf(answer));
                        answered[caller].Allowed++;
                    }

                    seen[$"{(answer.IsError == true ? "closed" : "open")} in {begun}"] = true;
                }
                while (begun < versions);
            }).ToList();
            for (var version = 1; version < versions; version++)
            {
                await File.WriteAllTextAsync(folder["next.cedar"], Version(version), Cancel);
                File.Move(folder["next.cedar"], Path.Combine(bundle, "policy.cedar"), overwrite: true);
                Remember(version);
                Volatile.Write(ref phase, version);

                // The version before said the opposite: the first call of this phase with the new answer shows that it is in use.
                var inUse = $"{(version % 2 == 0 ? "open" : "closed")} in {version}";
                for (var i = 0; i < 600 && !seen.ContainsKey(inUse); i++)
                {
                    await Task.Delay(100, Cancel);
                }

                Assert.Contains(inUse, seen.Keys);
            }

            Volatile.Write(ref phase, versions);
            await Task.WhenAll(calling).WaitAsync(TimeSpan.FromSeconds(100), Cancel);
            Assert.Equal(0, await server.CloseAsync());
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var decided = records.Where(record => record.Kind == RecordKinds.PolicyDecided).ToList();
        Assert.All(decided, record =>
        {
            var (decision, policy) = expected[Text(record, "bundle")!];
            Assert.Equal(decision, Text(record, "decision"));
            Assert.Equal([policy], record.Body.GetProperty("determining").EnumerateArray().Select(one => one.GetString()));
        });
        Assert.Equal(expected.Keys.Order(), decided.Select(record => Text(record, "bundle")!).Distinct().Order());

        // One decision for each call, and what was decided is what happened and what was answered.
        var decisions = decided.ToDictionary(record => Text(record, "action")!, record => Text(record, "decision"));
        var requested = records.Where(record => record.Kind == RecordKinds.ActionRequested).Select(record => record.Id.ToString()).ToHashSet();
        Assert.Equal(requested.Order(), decisions.Keys.Order());
        var completed = records.Where(record => record.Kind == RecordKinds.ActionCompleted).ToDictionary(record => Text(record, "requested")!, record => Text(record, "status"));
        Assert.All(decisions, one => Assert.Equal(one.Value == "allow" ? "ok" : "refused", completed[one.Key]));
        Assert.Equal(answered.Sum(one => one.Allowed), completed.Values.Count(status => status == "ok"));
        Assert.Equal(answered.Sum(one => one.Denied), completed.Values.Count(status => status == "refused"));
        Assert.Equal(Enumerable.Range(0, records.Count).Select(n => (long)n), records.Select(record => record.Seq).Order());

        static string Version(int version) => version % 2 == 0
            ? $"""@id("open-{version}") permit (principal, action, resource);"""
            : $"""@id("closed-{version}") forbid (principal, action, resource); @id("else-{version}") permit (principal, action, resource);""";

        void Remember(int version) => expected[$"sha256:{BundleFiles.FromFolder(bundle).Digest}"] = version % 2 == 0 ? ("allow", $"open-{version}") : ("deny", $"closed-{version}");
    }

    private static string Call(int id, string name, object arguments) => JsonSerializer.Serialize(new { jsonrpc = "2.0", id, method = "tools/call", @params = new { name, arguments } });

    private static string Cancellation(int id) => JsonSerializer.Serialize(new { jsonrpc = "2.0", method = "notifications/cancelled", @params = new { requestId = id, reason = "changed my mind" } });

    private static async Task SayAsync(Process gateway, string line)
    {
        await gateway.StandardInput.WriteAsync($"{line}\n".AsMemory(), Cancel);
        await gateway.StandardInput.FlushAsync(Cancel);
    }

    /// <summary>The ids that were answered, until the output ends.</summary>
    private static async Task<HashSet<int>> AnswersAsync(Process gateway)
    {
        var ids = new HashSet<int>();
        while (await gateway.StandardOutput.ReadLineAsync(Cancel) is { } line)
        {
            var message = JsonNode.Parse(line)!;
            if (message["method"] is null && message["id"] is { } id)
            {
                Assert.True(ids.Add((int)id), $"{id} was answered twice");
            }
        }

        return ids;
    }

    /// <summary>Waits until so many calls wait for approval; returns their ids.</summary>
    private static async Task<List<string>> WaitingAsync(string data, int count)
    {
        for (var i = 0; i < 300; i++)
        {
            var listed = await CairnProgram.RunAsync("approvals", "--data", data, "--output", "json");
            Assert.True(listed.ExitCode == 0, listed.ToString());
            if (JsonNode.Parse(listed.Output)!.AsArray() is { } all && all.Count == count)
            {
                return [.. all.Select(one => (string)one!["id"]!)];
            }

            await Task.Delay(100, Cancel);
        }

        throw new TimeoutException($"never waited exactly {count} calls for approval");
    }

    private static string? NewestCredential(string data)
    {
        using var catalogue = CredentialCatalogue.Open(data);
        return catalogue?.List(1, all: true) is [var one] ? one.Id : null;
    }

    private static async Task<string> RefusalAsync(Task<CallToolResult> call)
    {
        try
        {
            var result = await call;
            Assert.True(result.IsError);
            return Recorded.TextOf(result);
        }
        catch (McpException refused)
        {
            return refused.Message; // no evidence: the answer is an error of the protocol
        }
    }

    /// <summary>The trail has no finding: what was refused or cancelled in order is no irregularity.</summary>
    private static async Task NothingFoundAsync(TemporaryFolder folder, string trace)
    {
        var check = await CairnProgram.RunAsync("check", trace, "--fail-on", "low", "--data", folder["data"]);
        Assert.True(check.ExitCode == 0, check.ToString());
    }
}
