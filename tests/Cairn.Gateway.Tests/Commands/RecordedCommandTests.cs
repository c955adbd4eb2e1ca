using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Commands;
using Cairn.Gateway.Tasks;
using Cairn.Gateway.Tests.Authority;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Commands;

/// <summary>Real commands: what is run, what passes, and what the evidence says of it.</summary>
public sealed class RecordedCommandTests
{
    private const string Secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        EmitterBench bench, ActionPipelineOptions? deciding, Func<CommandOptions, CommandOptions>? configure, params string[] words)
    {
        Directory.CreateDirectory(bench["work"]);
        using var output = new MemoryStream();
        using var errors = new MemoryStream();
        var options = new CommandOptions
        {
            Agent = SpiffeId.Parse("spiffe://test.local/agent/runner"),
            Owner = "pat@example.org",
            Ledger = bench.Ledger,
            Command = words[0],
            Arguments = words[1..],
            WorkingDirectory = bench["work"],
            Watch = bench["work"],
            Output = output,
            ErrorOutput = errors,
            FlushTimeout = TimeSpan.FromSeconds(2),
            DrainGrace = TimeSpan.FromMilliseconds(300),
        };
        var code = await RecordedCommand.RunAsync(
            configure?.Invoke(options) ?? options, deciding ?? bench.Deciding(), bench.Emitter, bench.Keys, bench.Log, default).WaitAsync(TimeSpan.FromSeconds(30));
        return (code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(errors.ToArray()));
    }

    private static Task<(int ExitCode, string Output, string Errors)> ShellAsync(EmitterBench bench, string script) =>
        RunAsync(bench, null, null, "sh", "-c", script);

    private static JsonElement Completed(EmitterBench bench) => bench.Only(RecordKinds.ActionCompleted).Body;

    [Fact]
    public async Task Command_is_requested_before_it_runs_and_completed_with_outputs_exit_code_and_changes()
    {
        await using var bench = await EmitterBench.StartAsync();
        Directory.CreateDirectory(bench["work"]);
        File.WriteAllText(bench["work/a"], "old");

        var run = await ShellAsync(bench, "printf out; printf err >&2; printf new > a; exit 3");

        Assert.Equal((3, "out", "err"), run);
        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.ActionRequested, RecordKinds.ActionCompleted, RecordKinds.TaskEnded], bench.Kinds);
        var requested = bench.Only(RecordKinds.ActionRequested);
        Assert.Equal("process.exec", requested.Body.GetProperty("type").GetString());
        Assert.EndsWith("/sh", requested.Body.GetProperty("resource").GetString(), StringComparison.Ordinal);
        Assert.True(requested.Body.GetProperty("strict").GetBoolean());
        Assert.StartsWith("sha256:", requested.Body.GetProperty("tool_digest").GetString(), StringComparison.Ordinal);
        var completed = Completed(bench);
        Assert.Equal("tool_error", completed.GetProperty("status").GetString());
        Assert.Equal("exit_3", completed.GetProperty("error").GetProperty("code").GetString());
        var id = bench.Only(RecordKinds.ActionCompleted).Id;
        AssertCommits(bench, id, completed, "output", "out");
        AssertCommits(bench, id, completed, "error_output", "err");
        var changes = completed.GetProperty("changes");
        Assert.Equal((0, 1, 0, true), (changes.GetProperty("created").GetInt32(), changes.GetProperty("modified").GetInt32(), changes.GetProperty("deleted").GetInt32(), changes.GetProperty("whole").GetBoolean()));
        var file = changes.GetProperty("files")[0];
        Assert.Equal($"sha256:{Digest.Sha256("old"u8)}", file.GetProperty("before").GetString());
        Assert.Equal($"sha256:{Digest.Sha256("new"u8)}", file.GetProperty("after").GetString());
        Assert.Equal("failed", bench.Only(RecordKinds.TaskEnded).Body.GetProperty("status").GetString());
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Arguments_outputs_and_variables_values_stand_in_no_record()
    {
        await using var bench = await EmitterBench.StartAsync();

        var run = await RunAsync(
            bench, null, options => options with { Environment = new Dictionary<string, string?> { ["GIT_TOKEN_TEST"] = Secret } },
            "sh", "-c", $"echo marmalade; echo {Secret}");

        Assert.Contains(Secret, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("marmalade", bench.RecordText(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, bench.RecordText(), StringComparison.Ordinal);
        Assert.Empty(bench.Ledger.Contents);
    }

    [Fact]
    public async Task Full_capture_keeps_the_output_and_takes_the_secrets_out()
    {
        await using var bench = await EmitterBench.StartAsync();

        await RunAsync(bench, bench.Deciding(capture: CaptureProfile.Full), null, "sh", "-c", $"echo marmalade {Secret}");

        var kept = Assert.Single(bench.Ledger.Contents, content => content.Member == "output").Open(bench.Keys.KeyFor(default));
        Assert.Contains("marmalade", Encoding.UTF8.GetString(kept), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, Encoding.UTF8.GetString(kept), StringComparison.Ordinal);
        Assert.Equal("redacted", Completed(bench).GetProperty("output").GetProperty("content").GetString());
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Output_of_any_length_passes_and_is_committed_to_without_being_held()
    {
        await using var bench = await EmitterBench.StartAsync();

        var run = await RunAsync(bench, bench.Deciding(capture: CaptureProfile.Full), null, "head", "-c", "20000000", "/dev/zero");

        Assert.Equal(20_000_000, run.Output.Length);
        var output = Completed(bench).GetProperty("output");
        Assert.Equal(20_000_000, output.GetProperty("bytes").GetInt64());
        Assert.Equal("none", output.GetProperty("content").GetString());
        AssertCommits(bench, bench.Only(RecordKinds.ActionCompleted).Id, Completed(bench), "output", new string('\0', 20_000_000));
    }

    [Fact]
    public async Task Command_sees_the_actions_own_span_and_joins_the_callers_trail()
    {
        await using var bench = await EmitterBench.StartAsync();
        var caller = new TraceParent(TraceId.New(), SpanId.New());

        var run = await RunAsync(bench, null, options => options with { Caller = caller }, "sh", "-c", "printf %s $TRACEPARENT");

        var requested = bench.Only(RecordKinds.ActionRequested);
        Assert.Equal(new TraceParent(caller.Trace, requested.Span).ToString(), run.Output);
        Assert.Equal(caller.Span, bench.Only(RecordKinds.TaskStarted).Parent);
    }

    private static ActionPipelineOptions Crediting(EmitterBench bench, ScriptedCredentials credentials, bool perTask = false) =>
        bench.Deciding(
            _ => DecidingPolicy.Decision(PolicyOutcome.Allow) with { Credential = new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(2), perTask) },
            CaptureProfile.Full) with
        { Credentials = credentials };

    [Fact]
    public async Task Credential_is_in_the_commands_environment_and_in_nothing_that_is_kept_and_ends_with_the_command()
    {
        await using var bench = await EmitterBench.StartAsync();
        var credentials = new ScriptedCredentials();
        var ended = new List<string>();

        var run = await RunAsync(
            bench, Crediting(bench, credentials), options => options with
            {
                CredentialVariable = "BANK_TOKEN",
                Ending = () =>
                {
                    ended.AddRange(credentials.Revoked);
                    return ValueTask.CompletedTask;
                },
            },
            "sh", "-c", "printf 'with %s, ' \"$BANK_TOKEN\" \"$BANK_TOKEN\"");

        Assert.Equal($"with {ScriptedCredentials.Token}, with {ScriptedCredentials.Token}, ", run.Output);
        Assert.True(credentials.LastDemand!.IsBearer);
        Assert.Equal(["jti-1"], ended); // revoked before the trail is closed and counted
        Assert.DoesNotContain(ScriptedCredentials.Token, bench.RecordText(), StringComparison.Ordinal);
        var kept = Encoding.UTF8.GetString(Assert.Single(bench.Ledger.Contents, content => content.Member == "output").Open(bench.Keys.KeyFor(default)));
        Assert.Equal("with [redacted:credential], with [redacted:credential], ", kept);
        AssertCommits(bench, bench.Only(RecordKinds.ActionCompleted).Id, Completed(bench), "output", run.Output);
        Assert.Equal(
            [RecordKinds.TaskStarted, RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.CredentialUsed, RecordKinds.ActionCompleted, RecordKinds.TaskEnded], bench.Kinds);
        Assert.Equal("jti-1", bench.Only(RecordKinds.ActionRequested).Body.GetProperty("credential").GetString());
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Credential_for_a_whole_task_outlives_the_command()
    {
        await using var bench = await EmitterBench.StartAsync();
        var credentials = new ScriptedCredentials();

        Assert.Equal(0, (await RunAsync(bench, Crediting(bench, credentials, perTask: true), options => options with { CredentialVariable = "BANK_TOKEN" }, "true")).ExitCode);

        Assert.Empty(credentials.Revoked);
    }

    [Fact]
    public async Task Command_without_a_place_for_its_credential_is_not_run_and_is_told_what_to_do()
    {
        await using var bench = await EmitterBench.StartAsync();
        var credentials = new ScriptedCredentials();

        var run = await RunAsync(bench, Crediting(bench, credentials), null, "touch", "made");

        Assert.Equal(RecordedCommand.Denied, run.ExitCode);
        Assert.False(File.Exists(bench["work/made"]));
        Assert.Equal(0, credentials.Issued);
        Assert.Contains("--credential-env", bench.Log.ToString(), StringComparison.Ordinal);
        Assert.Equal("credential_refused", Completed(bench).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Credential_that_can_not_be_revoked_is_named_and_the_commands_outcome_stays()
    {
        await using var bench = await EmitterBench.StartAsync();
        var credentials = new ScriptedCredentials();

        var run = await RunAsync(
            bench, Crediting(bench, credentials), options =>
            {
                // The broker goes once it has said that the credential still holds.
                credentials.IsActive = () => credentials.IsDown = true;
                return options with { CredentialVariable = "BANK_TOKEN" };
            },
            "true");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("the credential jti-1 could not be revoked and holds until", bench.Log.ToString(), StringComparison.Ordinal);
        Assert.Equal("ok", Completed(bench).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Denied_command_is_not_run()
    {
        await using var bench = await EmitterBench.StartAsync();
        AuthorizationRequest? asked = null;

        var run = await RunAsync(
            bench,
            bench.Deciding(request =>
            {
                asked = request;
                return DecidingPolicy.Decision(PolicyOutcome.Deny);
            }),
            null, "touch", "made");

        Assert.Equal(RecordedCommand.Denied, run.ExitCode);
        Assert.False(File.Exists(bench["work/made"]));
        Assert.Contains("because rule 7 says so", bench.Log.ToString(), StringComparison.Ordinal);
        Assert.Equal("refused", Completed(bench).GetProperty("status").GetString());
        Assert.Equal(("process.exec", "touch"), (asked?.ActionType, asked?.ActionName));
        using var arguments = JsonDocument.Parse(asked!.Arguments);
        Assert.Equal(["touch", "made"], arguments.RootElement.GetProperty("argv").EnumerateArray().Select(word => word.GetString()));
    }

    [Fact]
    public async Task Bundle_that_decides_is_named_in_the_trail_before_its_decision()
    {
        await using var bench = await EmitterBench.StartAsync();
        var notes = new BundleNotes();
        var engine = new PolicyEngine("test", "1", Digest.Sha256("engine"u8));
        await notes.RecordAsync(new BundleChange(true, Digest.Sha256("bundle"u8), "house rules", "2", PolicyMode.Enforce, null, [], engine), default);

        await RunAsync(bench, bench.Deciding(_ => DecidingPolicy.Decision(PolicyOutcome.Allow)), options => options with { Bundles = notes }, "true");

        Assert.Equal(
            [RecordKinds.TaskStarted, RecordKinds.PolicyLoaded, RecordKinds.PolicyDecided, RecordKinds.ActionRequested, RecordKinds.ActionCompleted, RecordKinds.TaskEnded],
            bench.Kinds);
        Assert.Equal("house rules", bench.Only(RecordKinds.PolicyLoaded).Body.GetProperty("name").GetString());
        Assert.Empty(bench.SchemaErrors());
    }

    [Fact]
    public async Task Command_without_durable_evidence_is_not_run()
    {
        await using var bench = await EmitterBench.StartAsync();
        bench.Ledger.IsAway = true;

        var run = await RunAsync(bench, null, null, "touch", "made");

        Assert.Equal(RecordedCommand.CouldNotRecord, run.ExitCode);
        Assert.False(File.Exists(bench["work/made"]));
        bench.Ledger.IsAway = false;
        await bench.FlushAsync();
        Assert.Equal("refused", Completed(bench).GetProperty("status").GetString());
        Assert.Equal("evidence_unavailable", Completed(bench).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Command_that_a_human_approves_is_run()
    {
        await using var bench = await EmitterBench.StartAsync();

        var running = RunAsync(bench, bench.Deciding(DecidingPolicy.ApprovalUnlessApproved), null, "touch", "made");
        while (bench.Desk.Pending().Count == 0)
        {
            await Task.Delay(20);
        }

        Assert.False(File.Exists(bench["work/made"]));
        bench.Desk.Answer(bench.Desk.Pending()[0].Request, approved: true, null);

        Assert.Equal(0, (await running).ExitCode);
        Assert.True(File.Exists(bench["work/made"]));
        Assert.Contains("cairn approve", bench.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-command-here", RecordedCommand.NotFound, "not_found")]
    [InlineData("./plain", RecordedCommand.Denied, "not_executable")]
    [InlineData("./wrong", RecordedCommand.Denied, "could_not_start")]
    public async Task Command_that_can_not_be_started_is_recorded_as_such(string command, int exitCode, string code)
    {
        await using var bench = await EmitterBench.StartAsync();
        Directory.CreateDirectory(bench["work"]);
        File.WriteAllText(bench["work/plain"], "no program");
        File.WriteAllBytes(bench["work/wrong"], [0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 0]);
        File.SetUnixFileMode(bench["work/wrong"], (UnixFileMode)0b111_101_101);

        var run = await RunAsync(bench, null, null, command);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(code, Completed(bench).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("failed", bench.Only(RecordKinds.TaskEnded).Body.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Program_in_the_working_directory_is_not_taken_for_one_on_the_path()
    {
        await using var bench = await EmitterBench.StartAsync();
        Directory.CreateDirectory(bench["work"]);
        File.WriteAllText(bench["work/true"], "#!/bin/sh\nexit 9\n");
        File.SetUnixFileMode(bench["work/true"], (UnixFileMode)0b111_101_101);

        Assert.Equal(0, (await RunAsync(bench, null, null, "true")).ExitCode);
        Assert.Equal(9, (await RunAsync(bench, null, null, "./true")).ExitCode);
    }

    [Fact]
    public async Task Command_ended_by_a_signal_says_which()
    {
        await using var bench = await EmitterBench.StartAsync();

        var run = await ShellAsync(bench, "kill -9 $$");

        Assert.Equal(137, run.ExitCode);
        Assert.Equal("SIGKILL", Attribute(bench, "cairn.exec.signal").GetString());
    }

    [Fact]
    public async Task Output_held_open_by_something_left_behind_is_not_waited_for()
    {
        await using var bench = await EmitterBench.StartAsync();

        var run = await ShellAsync(bench, "sleep 20 & echo here");

        Assert.Equal((0, "here\n"), (run.ExitCode, run.Output));
        Assert.Equal("output", Attribute(bench, "cairn.exec.output_left_open")[0].GetString());
    }

    [Fact]
    public async Task Reader_that_is_gone_ends_the_command_as_a_pipe_would()
    {
        await using var bench = await EmitterBench.StartAsync();

        var run = await RunAsync(bench, null, options => options with { Output = new GoneReader() }, "sh", "-c", "trap '' PIPE; while echo x 2>/dev/null; do :; done; exit 7");

        Assert.Equal(7, run.ExitCode);
        Assert.Equal("output", Attribute(bench, "cairn.exec.output_cut")[0].GetString());
    }

    private static JsonElement Attribute(EmitterBench bench, string name) =>
        JsonElement.Parse(bench.Only(RecordKinds.ActionCompleted).Bytes.Span).GetProperty("attributes").GetProperty(name);

    private static void AssertCommits(EmitterBench bench, RecordId record, JsonElement body, string member, string content)
    {
        var held = HeldCommitment.Parse(body.GetProperty(member));
        Assert.True(Commitment.Matches(held.Value, Commitment.CommitmentKey(bench.Keys.KeyFor(default), record, member), Encoding.UTF8.GetBytes(content)));
    }

    private sealed class GoneReader : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("nobody reads");
    }
}
