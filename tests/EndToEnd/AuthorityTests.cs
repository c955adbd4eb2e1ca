using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using ModelContextProtocol.Protocol;

namespace Cairn.EndToEnd;

/// <summary>Policy, approval and credentials before a real server, with every part a process of its own.</summary>
public class AuthorityTests
{
    private const string Files = """
        @id("reads")
        permit (principal, action == Action::"tool.call", resource) unless { context.name == "write_file" };

        @id("writes")
        @approval("group:writers")
        @reason("a human sees what is written")
        permit (principal, action == Action::"tool.call", resource) when { context.name == "write_file" };

        @id("no-moving")
        @reason("nothing is moved here")
        forbid (principal, action == Action::"tool.call", resource) when { context.name == "move_file" };
        """;

    private static string? Text(Record record, string member) => record.Body.TryGetProperty(member, out var value) ? value.ToString() : null;

    private static async Task<WrappedServer> FilesAsync(TemporaryFolder folder, string bundle)
    {
        Directory.CreateDirectory(folder["work"]);
        await MakeDataAsync(folder);
        await File.WriteAllTextAsync(folder["data/approvers.json"], $"{{\"group:writers\":[\"{Environment.UserName}\"]}}");
        return await WrappedServer.StartAsync(folder["data"], ["--policy", bundle], WrappedServer.Files(folder["work"]));
    }

    /// <summary>The directory is made by the first run on it; files for it are laid in then.</summary>
    private static async Task MakeDataAsync(TemporaryFolder folder)
    {
        if (!Directory.Exists(folder["data"]))
        {
            var made = await CairnProgram.RunAsync("mcp", "--data", folder["data"], "--", "true");
            Assert.True(made.ExitCode == 0, made.ToString());
        }
    }

    private static Task<CallToolResult> CallAsync(WrappedServer server, string tool, params (string Name, string Value)[] arguments) =>
        server.Client.CallToolAsync(tool, arguments.ToDictionary(a => a.Name, a => (object?)a.Value)).AsTask();

    private static Task<CallToolResult> WriteAsync(WrappedServer server, TemporaryFolder folder) =>
        CallAsync(server, "write_file", ("path", folder["work/a.txt"]), ("content", "hello"));

    private static async Task<JsonObject> PendingAsync(TemporaryFolder folder)
    {
        for (var i = 0; i < 60; i++)
        {
            var listed = await CairnProgram.RunAsync("approvals", "--data", folder["data"], "--output", "json");
            Assert.True(listed.ExitCode == 0, listed.ToString());
            if (JsonNode.Parse(listed.Output)!.AsArray() is [{ } first, ..])
            {
                return first.AsObject();
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("nothing was put to a human");
    }

    [Fact]
    public async Task Denied_call_does_nothing_and_the_trail_tells_policy_decision_and_refusal_and_verifies()
    {
        using var folder = new TemporaryFolder();
        CallToolResult denied, allowed;
        await using (var server = await FilesAsync(folder, ToolBundle.Write(folder, Files)))
        {
            await File.WriteAllTextAsync(folder["work/a.txt"], "kept", TestContext.Current.CancellationToken);
            denied = await CallAsync(server, "move_file", ("source", folder["work/a.txt"]), ("destination", folder["work/b.txt"]));
            allowed = await CallAsync(server, "read_text_file", ("path", folder["work/a.txt"]));
            Assert.Equal(0, await server.CloseAsync());
        }

        Assert.True(denied.IsError);
        Assert.Contains("no-moving", Recorded.TextOf(denied));
        Assert.Contains("nothing is moved here", Recorded.TextOf(denied));
        Assert.Equal("kept", Recorded.TextOf(allowed));
        Assert.True(File.Exists(folder["work/a.txt"]));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var loaded = Assert.Single(records, r => r.Kind == RecordKinds.PolicyLoaded);
        Assert.All(records.Where(r => r.Kind == RecordKinds.PolicyDecided), d =>
        {
            Assert.Equal(Text(loaded, "digest"), Text(d, "bundle"));
            Assert.True(d.Seq > loaded.Seq);
        });
        Assert.Equal(["deny", "allow"], records.Where(r => r.Kind == RecordKinds.PolicyDecided).Select(r => Text(r, "decision")));
        Assert.Equal(["refused", "ok"], records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => Text(r, "status")));

        var trace = loaded.Trace.ToString();
        var export = await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.True(export.ExitCode == 0, export.ToString());
        var keys = await CairnProgram.RunAsync("keys", "--data", folder["data"]);
        await File.WriteAllTextAsync(folder["trust.policy"], keys.Output, TestContext.Current.CancellationToken);
        var verified = await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"]);
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    [Fact]
    public async Task Approved_call_is_done_once_and_a_second_answer_finds_nobody()
    {
        using var folder = new TemporaryFolder();
        await using var server = await FilesAsync(folder, ToolBundle.Write(folder, Files));
        var call = WriteAsync(server, folder);
        var pending = await PendingAsync(folder);
        var id = (string)pending["id"]!;
        Assert.False(File.Exists(folder["work/a.txt"]));
        Assert.Equal("write_file", (string)pending["action"]!["name"]!);
        Assert.Contains("hello", (string)pending["input"]!);

        var unknown = await CairnProgram.RunAsync("approve", "0", "--data", folder["data"] + "x");
        var approved = await CairnProgram.RunAsync("approve", id, "--data", folder["data"], "--comment", "fine");
        var result = await call;
        var again = await CairnProgram.RunAsync("deny", id, "--data", folder["data"]);
        await server.CloseAsync();

        Assert.Equal(1, unknown.ExitCode);
        Assert.True(approved.ExitCode == 0, approved.ToString());
        foreach (var shown in new[] { "agent", "spiffe://cairn.local/agent/default", "owner", "tool.call write_file", "hello", (string)pending["action_digest"]!, "checked" })
        {
            Assert.Contains(shown, approved.Output);
        }

        Assert.NotEqual(true, result.IsError);
        Assert.Equal("hello", await File.ReadAllTextAsync(folder["work/a.txt"], TestContext.Current.CancellationToken));
        Assert.Equal(1, again.ExitCode);
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var recorded = Assert.Single(records, r => r.Kind == RecordKinds.ApprovalRecorded);
        Assert.Equal(("approved", $"os-user:{Environment.UserName}"), (Text(recorded, "decision"), Text(recorded, "approver")));
        Assert.Equal(recorded.Id.ToString(), Text(Assert.Single(records, r => r.Kind == RecordKinds.ActionRequested), "approval"));
    }

    [Fact]
    public async Task Gateway_killed_in_mid_approval_leaves_a_question_without_an_answer_and_nothing_done()
    {
        using var folder = new TemporaryFolder();
        string id;
        var bundle = ToolBundle.Write(folder, Files);
        await using (var server = await FilesAsync(folder, bundle))
        {
            var call = WriteAsync(server, folder);
            id = (string)(await PendingAsync(folder))["id"]!;
            server.Kill();
            await Assert.ThrowsAnyAsync<Exception>(() => call.WaitAsync(TimeSpan.FromSeconds(20)));
        }

        var late = await CairnProgram.RunAsync("approve", id, "--data", folder["data"]);
        var listed = await CairnProgram.RunAsync("approvals", "--data", folder["data"], "--output", "json");

        // The next run on the directory delivers what was spooled, and does not take up where the dead one was.
        await using (var next = await FilesAsync(folder, bundle))
        {
            await CallAsync(next, "list_directory", ("path", folder["work"]));
            await next.CloseAsync();
        }

        Assert.Equal(1, late.ExitCode);
        Assert.Empty(JsonNode.Parse(listed.Output)!.AsArray());
        Assert.False(File.Exists(folder["work/a.txt"]));
        var records = await Recorded.ReadAsync(folder["data"]);
        var asked = Assert.Single(records, r => r.Kind == RecordKinds.ApprovalRequested);
        Assert.DoesNotContain(records, r => r.Kind == RecordKinds.ApprovalRecorded);
        Assert.Equal([RecordKinds.PolicyDecided, RecordKinds.ApprovalRequested], records.Where(r => r.Span == asked.Span).Select(r => r.Kind));
        Assert.DoesNotContain(records, r => r.Kind == RecordKinds.TaskEnded && r.Trace == asked.Trace);
    }

    [Fact]
    public async Task Changed_policy_decides_about_the_next_call_and_the_trail_says_since_when()
    {
        using var folder = new TemporaryFolder();
        await using var server = await FilesAsync(folder, ToolBundle.Write(folder, Files));
        Task<CallToolResult> ListAsync() => CallAsync(server, "list_directory", ("path", folder["work"]));
        Assert.NotEqual(true, (await ListAsync()).IsError);

        ToolBundle.Write(folder, """@id("closed") @reason("closed for the night") forbid (principal, action, resource);""", version: "2.0.0");
        var deadline = Stopwatch.StartNew();
        CallToolResult answer;
        do
        {
            await Task.Delay(200, TestContext.Current.CancellationToken);
            answer = await ListAsync();
        }
        while (answer.IsError != true && deadline.Elapsed < TimeSpan.FromSeconds(20));
        await server.CloseAsync();

        Assert.Contains("closed for the night", Recorded.TextOf(answer));
        var records = await Recorded.ReadAsync(folder["data"]);
        var loads = records.Where(r => r.Kind == RecordKinds.PolicyLoaded && Text(r, "status") == "loaded").ToList();
        Assert.Equal(["1.0.0", "2.0.0"], loads.Select(r => Text(r, "version")));
        Assert.Equal(Text(loads[0], "digest"), Text(loads[1], "replaces"));
        Assert.All(records.Where(r => r.Kind == RecordKinds.PolicyDecided), d =>
        {
            var isNew = Text(d, "bundle") == Text(loads[1], "digest");
            Assert.Equal(isNew ? "deny" : "allow", Text(d, "decision"));
            Assert.True(!isNew || d.Seq > loads[1].Seq);
        });
    }

    [Fact]
    public async Task Shadow_mode_records_and_lets_everything_pass()
    {
        using var folder = new TemporaryFolder();
        var work = Directory.CreateDirectory(folder["work"]).FullName;
        await using (var server = await WrappedServer.StartAsync(folder["data"], ["--policy", ToolBundle.Write(folder, Files), "--policy-mode", "shadow"], WrappedServer.Files(work)))
        {
            Assert.NotEqual(true, (await WriteAsync(server, folder)).IsError);
            await server.CloseAsync();
        }

        Assert.True(File.Exists(folder["work/a.txt"]));
        var decided = Assert.Single(await Recorded.ReadAsync(folder["data"]), r => r.Kind == RecordKinds.PolicyDecided);
        Assert.Equal(("needs_approval", "shadow"), (Text(decided, "decision"), Text(decided, "mode")));
    }

    [Fact]
    public async Task Policy_that_can_not_be_used_stops_the_gateway_before_the_server_starts()
    {
        using var folder = new TemporaryFolder();
        var bundle = ToolBundle.Write(folder, "permit (principal, action == Action::\"no.such\", resource);");

        var outcome = await CairnProgram.RunAsync(["mcp", "--data", folder["data"], "--policy", bundle, "--", "touch", folder["started"]]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("policy.cedar", outcome.Messages);
        Assert.False(File.Exists(folder["started"]));
        var ended = Assert.Single(await Recorded.ReadAsync(folder["data"]), r => r.Kind == RecordKinds.TaskEnded);
        Assert.Equal("failed", Text(ended, "status"));
    }

    [Fact]
    public async Task Brokers_token_reaches_the_server_and_is_nowhere_in_the_data_directory()
    {
        using var folder = new TemporaryFolder();
        await MakeDataAsync(folder);
        Directory.CreateDirectory(folder["data/broker"]);
        await File.WriteAllTextAsync(
            folder["data/broker/broker.json"],
            """
            {"workloads":[{"id":"spiffe://cairn.local/agent/*","audience":["https://bank.example"],"scope":["pay"],"ttl_s":300}],
             "gateways":["spiffe://cairn.local/gateway/*"],"bearer_audience":["https://bank.example"]}
            """,
            TestContext.Current.CancellationToken);
        var bundle = ToolBundle.Write(
            folder,
            """
            @id("pays") @credential("bank") permit (principal, action == Action::"tool.call", resource) unless { context.name == "env" };
            @id("looks") permit (principal, action == Action::"tool.call", resource) when { context.name == "env" };
            """,
            """{"bank":{"audience":"https://bank.example","scope":["pay"],"ttl":"2m"}}""");
        string[] puppet = ["node", Path.Combine(CairnProgram.Home, "tests/Cairn.Gateway.Tests/servers/puppet.mjs")];
        string token;
        await using (var server = await WrappedServer.StartAsync(folder["data"], ["--policy", bundle, "--capture", "full"], puppet))
        {
            var line = Encoding.UTF8.GetString(Convert.FromBase64String(Recorded.TextOf(await CallAsync(server, "line"))));
            var credential = JsonNode.Parse(line)!["params"]!["_meta"]!["cairn/credential"]!;
            token = (string)credential["token"]!;
            Assert.Equal("Bearer", (string)credential["token_type"]!);
            await server.CloseAsync();
        }

        Assert.Equal(3, token.Split('.').Length);
        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], token));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        Assert.All(records, r => Assert.DoesNotContain(token, Encoding.UTF8.GetString(r.Bytes.Span)));
        var issued = Assert.Single(records, r => r.Kind == RecordKinds.CredentialIssued);
        var used = Assert.Single(records, r => r.Kind == RecordKinds.CredentialUsed);
        Assert.Equal(Text(issued, "id"), Text(used, "id"));
        Assert.Equal(Text(used, "action"), Assert.Single(records, r => r.Kind == RecordKinds.ActionRequested).Id.ToString());

        // The run closed the broker's part before it counted: all that the trail holds is in its counts.
        var root = Assert.Single(records, r => r.Kind == RecordKinds.TaskEnded && r.Body.GetProperty("emitters").GetArrayLength() == 2);
        Assert.Equal(records.Count(r => r.Trace == root.Trace), root.Body.GetProperty("emitters").EnumerateArray().Sum(e => e.GetProperty("records").GetInt64()));
    }

    [Fact]
    public async Task Subject_token_goes_to_the_broker_alone_and_a_bad_one_refuses_the_call()
    {
        using var folder = new TemporaryFolder();
        await MakeDataAsync(folder);
        Directory.CreateDirectory(folder["data/broker"]);
        await File.WriteAllTextAsync(folder["data/broker/broker.json"], """{"gateways":["spiffe://cairn.local/gateway/*"]}""", TestContext.Current.CancellationToken);
        var bundle = ToolBundle.Write(
            folder,
            """
            @id("pays") @credential("bank") permit (principal, action == Action::"tool.call", resource) unless { context.name == "env" };
            @id("looks") permit (principal, action == Action::"tool.call", resource) when { context.name == "env" };
            """,
            """{"bank":{"audience":"https://bank.example","scope":["pay"],"ttl":"2m"}}""");
        string[] puppet = ["node", Path.Combine(CairnProgram.Home, "tests/Cairn.Gateway.Tests/servers/puppet.mjs")];
        const string planted = "eyJhbGciOiJub25lIn0.planted-subject-token-4711.x";
        await using (var server = await WrappedServer.StartAsync(
            folder["data"], ["--policy", bundle, "--capture", "full"], puppet, start => start.Environment["CAIRN_SUBJECT_TOKEN"] = planted))
        {
            var environment = await CallAsync(server, "env", ("name", "CAIRN_SUBJECT_TOKEN"));
            var refused = await CallAsync(server, "line");
            await server.CloseAsync();
            Assert.Equal("", Recorded.TextOf(environment));
            Assert.True(refused.IsError);
            Assert.DoesNotContain(planted, server.Messages);
        }

        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], planted, "planted-subject-token-4711"));
    }
}
