using System.Diagnostics;
using Cairn.Evidence.Records;

namespace Cairn.EndToEnd;

public class ExecTests
{
    private const string Marker = "marmalade-7f3a-tangerine";

    private static ProcessStartInfo Exec(TemporaryFolder folder, params string[] words)
    {
        var start = CairnProgram.Start(["exec", "--data", folder["data"], .. words]);
        start.WorkingDirectory = Directory.CreateDirectory(folder["work"]).FullName;
        return start;
    }

    private static async Task VerifiedAsync(TemporaryFolder folder, string trace)
    {
        var export = await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.True(export.ExitCode == 0, export.ToString());
        var keys = await CairnProgram.RunAsync("keys", "--data", folder["data"]);
        await File.WriteAllTextAsync(folder["trust.policy"], keys.Output);
        var verify = await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"]);
        Assert.True(verify.ExitCode == 0, verify.ToString());
    }

    [Fact]
    public async Task A_command_passes_unchanged_and_its_trail_verifies_without_any_of_its_content_on_disk()
    {
        using var folder = new TemporaryFolder();

        var outcome = await CairnProgram.RunAsync(Exec(folder, "--", "sh", "-c", $"echo {Marker}; echo problem-{Marker} >&2; echo {Marker}-in-file | tr a-z A-Z > made; exit 4"));

        Assert.Equal((4, $"{Marker}\n", $"problem-{Marker}\n"), (outcome.ExitCode, outcome.Output, outcome.Messages));
        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], Marker));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.ActionRequested, RecordKinds.ActionCompleted, RecordKinds.TaskEnded], records.Select(record => record.Kind));
        Assert.Equal("made", records[2].Body.GetProperty("changes").GetProperty("files")[0].GetProperty("path").GetString());
        var shown = await CairnProgram.RunAsync("show", records[0].Trace.ToString(), "--data", folder["data"]);
        Assert.Contains("1 created, 0 modified, 0 deleted", shown.Output);
        Assert.Contains($"created  made  → sha256:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(folder["work/made"])))[..12]}", shown.Output);
        await VerifiedAsync(folder, records[0].Trace.ToString());
    }

    [Fact]
    public async Task A_credential_reaches_the_command_alone_and_is_revoked_when_it_ends()
    {
        using var folder = new TemporaryFolder();
        var made = await CairnProgram.RunAsync(Exec(folder, "--", "true"));
        Assert.True(made.ExitCode == 0, made.ToString());
        Directory.CreateDirectory(folder["data/broker"]);
        await File.WriteAllTextAsync(
            folder["data/broker/broker.json"],
            """
            {"workloads":[{"id":"spiffe://cairn.local/agent/*","audience":["https://bank.example"],"scope":["pay"],"ttl_s":300}],
             "gateways":["spiffe://cairn.local/gateway/*"],"bearer_audience":["https://bank.example"]}
            """);
        Directory.CreateDirectory(folder["bundle"]);
        await File.WriteAllTextAsync(
            folder["bundle/bundle.json"],
            """
            {"name":"commands","version":"1","description":"For a test","engine":{"name":"cedar","version":"4.13"},"capture":[{"input":"full","content":"full"}],
             "credentials":{"bank":{"audience":"https://bank.example","scope":["pay"],"ttl":"2m"}}}
            """);
        await File.WriteAllTextAsync(folder["bundle/entities.json"], "[]");
        await File.WriteAllTextAsync(folder["bundle/policy.cedar"], """@id("pays") @credential("bank") permit (principal, action, resource);""");
        await File.WriteAllTextAsync(
            folder["bundle/schema.cedarschema"],
            """
            entity Agent = { trust_domain: String, path: String, owner: String, authenticated: String };
            entity Server;
            entity Resource in [Server];
            type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
            action "process.exec" appliesTo {
              principal: [Agent], resource: [Resource],
              context: { name: String, server: String, uri: String, delegation: Delegation, scopes: Set<String>, time: datetime, writes?: Bool, approved: Bool },
            };
            """);
        string[] policy = ["--policy", folder["bundle"], "--capture", "full"];

        var without = await CairnProgram.RunAsync(Exec(folder, [.. policy, "--", "touch", "made"]));
        var outcome = await CairnProgram.RunAsync(Exec(folder, [.. policy, "--credential-env", "BANK_TOKEN", "--", "sh", "-c", "printf %s \"$BANK_TOKEN\"; test -z \"$CAIRN_SUBJECT_TOKEN\""]));

        Assert.Equal(126, without.ExitCode);
        Assert.Contains("--credential-env", without.Messages);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        var token = outcome.Output;
        Assert.Equal(3, token.Split('.').Length);
        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], token));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        Assert.All(records, record => Assert.DoesNotContain(token, System.Text.Encoding.UTF8.GetString(record.Bytes.Span)));
        var issued = Assert.Single(records, record => record.Kind == RecordKinds.CredentialIssued);
        var trail = records.Where(record => record.Trace == issued.Trace).ToList();
        var used = Assert.Single(trail, record => record.Kind == RecordKinds.CredentialUsed);
        var revoked = Assert.Single(trail, record => record.Kind == RecordKinds.CredentialRevoked);
        Assert.All([used, revoked], record => Assert.Equal(issued.Body.GetProperty("id").GetString(), record.Body.GetProperty("id").GetString()));
        Assert.True(used.Time < revoked.Time);
        var inspected = CairnProgram.Start("credential", "list", "--data", folder["data"]);
        Assert.DoesNotContain(issued.Body.GetProperty("id").GetString()![..8], (await CairnProgram.RunAsync(inspected)).Output);
        await VerifiedAsync(folder, issued.Trace.ToString());
    }

    [Fact]
    public async Task A_command_inside_a_command_joins_its_trail()
    {
        using var folder = new TemporaryFolder();

        var outcome = await CairnProgram.RunAsync(Exec(folder, "--", CairnProgram.Path, "exec", "--data", folder["data"], "--", "true"));

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Single(records.Select(record => record.Trace).Distinct());
        var outer = records.First(record => record.Kind == RecordKinds.ActionRequested);
        Assert.Equal(outer.Span, records.Last(record => record.Kind == RecordKinds.TaskStarted).Parent);
        await VerifiedAsync(folder, records[0].Trace.ToString());
    }

    [Fact]
    public async Task Signals_reach_the_command_and_its_end_is_recorded()
    {
        using var folder = new TemporaryFolder();
        using var process = Process.Start(Exec(folder, "--", "sh", "-c", "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.1; done"))!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());

        await CairnProgram.RunAsync(new ProcessStartInfo("kill", ["-TERM", $"{process.Id}"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true });
        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);

        Assert.Equal("told", await process.StandardOutput.ReadLineAsync());
        Assert.Equal(5, process.ExitCode);
        var completed = (await Recorded.ReadAsync(folder["data"])).Single(record => record.Kind == RecordKinds.ActionCompleted);
        Assert.Equal(5, completed.Root.GetProperty("attributes").GetProperty("process.exit.code").GetInt32());
    }

    [Fact]
    public async Task Killed_in_mid_run_it_leaves_a_durable_request_without_an_outcome_and_verification_names_it()
    {
        using var folder = new TemporaryFolder();
        using var process = Process.Start(Exec(folder, "--", "sh", "-c", "touch done; echo ready; sleep 30"))!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());

        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Equal([RecordKinds.TaskStarted, RecordKinds.ActionRequested], records.Select(record => record.Kind));
        var export = await CairnProgram.RunAsync("export", records[0].Trace.ToString(), "--data", folder["data"], "-o", folder["trail.zip"]);
        Assert.True(export.ExitCode == 0, export.ToString());
        var keys = await CairnProgram.RunAsync("keys", "--data", folder["data"]);
        await File.WriteAllTextAsync(folder["trust.policy"], keys.Output);
        var verify = await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"], "--output", "json");
        Assert.Equal(1, verify.ExitCode);
        Assert.Contains("action-open", verify.Output);
        Assert.Contains("emitter-open", verify.Output);
    }

    [Fact]
    public async Task A_data_directory_that_can_not_be_opened_is_no_exit_code_of_the_commands()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["data"]);
        await File.WriteAllTextAsync(folder["data/other"], "not a ledger");

        var outcome = await CairnProgram.RunAsync(Exec(folder, "--", "touch", "made"));

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("not a Cairn data directory", outcome.Messages);
        Assert.False(File.Exists(folder["work/made"]));
    }
}
