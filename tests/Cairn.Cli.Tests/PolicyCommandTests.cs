using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cairn.Cli.Emit;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Policy;

namespace Cairn.Cli.Tests;

/// <summary>The program itself, as a user starts it.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cairn-policy-cli-").FullName;

    private string Data => Path.Combine(_folder, "data");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Check_shows_every_problem_with_a_path_that_can_be_opened_and_fails()
    {
        var bundle = Copy("payments");
        var file = Path.Combine(bundle, "guards.cedar");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Cancel)).Replace("principal.owner", "principal.ovner", StringComparison.Ordinal), Cancel);

        var (code, output, _) = await RunAsync("policy", "check", bundle);

        Assert.Equal(1, code);
        Assert.Contains($"{file}:29:8: for policy `somebody-answers`, attribute `ovner`", output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("policy", "check", Copy("coding-agent"))).Code);
    }

    [Fact]
    public async Task Test_names_the_case_that_fails_with_what_was_expected_and_found()
    {
        var bundle = Copy("payments");
        var file = Path.Combine(bundle, "payments.cedar");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Cancel)).Replace("@approval(\"group:finance\")\n", "", StringComparison.Ordinal), Cancel);

        var (code, output, _) = await RunAsync("policy", "test", bundle);

        Assert.Equal(1, code);
        Assert.Contains("payments.json: a cent more waits for finance\n        expected decision needs_approval, found allow", output, StringComparison.Ordinal);
        Assert.Contains("14 passed, 1 failed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_refuses_a_bundle_whose_cases_fail_and_then_lists_shows_and_extracts_what_it_took()
    {
        var bundle = Copy("payments");
        var file = Path.Combine(bundle, "tests", "payments.json");
        var cases = await File.ReadAllTextAsync(file, Cancel);
        await File.WriteAllTextAsync(file, cases.Replace("\"needs_approval\"", "\"allow\"", StringComparison.Ordinal), Cancel);
        Assert.Equal(1, (await RunAsync("policy", "push", bundle, "--data", Data)).Code);
        Assert.False(Directory.Exists(Path.Combine(Data, "policies")));

        await File.WriteAllTextAsync(file, cases, Cancel);
        var (code, digest, _) = await RunAsync("policy", "push", bundle, "--data", Data, "--mode", "shadow");
        var list = await RunAsync("policy", "list", "--data", Data, "--output", "json");
        var extracted = Path.Combine(_folder, "extracted");
        var show = await RunAsync("policy", "show", digest.Trim()[..20], "--data", Data, "--extract", extracted);

        Assert.Equal(0, code);
        using var listed = JsonDocument.Parse(list.Output);
        Assert.Equal((digest.Trim(), true, "shadow"), (listed.RootElement[0].GetProperty("digest").GetString(), listed.RootElement[0].GetProperty("current").GetBoolean(), listed.RootElement[0].GetProperty("mode").GetString()));
        Assert.Equal(0, show.Code);
        Assert.Equal(cases, await File.ReadAllTextAsync(Path.Combine(extracted, "tests", "payments.json"), Cancel));
        Assert.Equal(2, (await RunAsync("policy", "show", "ffff", "--data", Data)).Code);
    }

    /// <summary>Decisions as the pipeline records them, in a ledger of their own; then the question what a stricter bundle would have done.</summary>
    [Fact]
    public async Task Diff_decides_recorded_history_anew_and_says_what_it_could_not()
    {
        var bundle = Copy("payments");
        Assert.Equal(0, (await RunAsync("policy", "push", bundle, "--data", Data)).Code);
        await RecordAsync("10.00", "900.00", "950.00");
        Assert.Equal(0, (await RunAsync("policy", "diff", "current", "--data", Data)).Code);

        foreach (var file in new[] { "payments.cedar", "tests/payments.json" })
        {
            var path = Path.Combine(bundle, file);
            await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path, Cancel)).Replace("1000.0", "500.0", StringComparison.Ordinal), Cancel);
        }

        var (code, output, _) = await RunAsync("policy", "diff", bundle, "--data", Data, "--output", "json");

        using var report = JsonDocument.Parse(output);
        var change = report.RootElement.GetProperty("changes")[0];
        Assert.Equal(1, code);
        Assert.Equal((4, 3, 2), (report.RootElement.GetProperty("decisions").GetInt32(), report.RootElement.GetProperty("recomputed").GetInt32(), report.RootElement.GetProperty("changed").GetInt32()));
        Assert.Equal(("allow", "needs_approval", "create_transfer", 2), (
            change.GetProperty("was").GetString(), change.GetProperty("becomes").GetString(), change.GetProperty("name").GetString(), change.GetProperty("count").GetInt32()));
        Assert.Equal(1, report.RootElement.GetProperty("not_recomputed").GetProperty("the input was not kept").GetInt32());
    }

    [Fact]
    public async Task Replay_recomputes_what_was_kept_says_why_not_for_the_rest_and_answers_what_another_bundle_would_do()
    {
        var bundle = Copy("payments");
        Assert.Equal(0, (await RunAsync("policy", "push", bundle, "--data", Data)).Code);
        await RecordAsync("10.00", "900.00", "950.00");

        var (code, output, _) = await RunAsync("replay", "--policy", "--all", "--data", Data, "--output", "json");
        using var replayed = JsonDocument.Parse(output);
        Assert.Equal(0, code);
        Assert.Equal(["not_recomputed", "same", "same", "same"], replayed.RootElement.GetProperty("decisions").EnumerateArray().Select(decision => decision.GetProperty("replay").GetString()).Order());
        Assert.Equal(output, (await RunAsync("replay", "--policy", "--all", "--data", Data, "--output", "json")).Output);

        var stricter = Path.Combine(bundle, "payments.cedar");
        await File.WriteAllTextAsync(stricter, (await File.ReadAllTextAsync(stricter, Cancel)).Replace("1000.0", "500.0", StringComparison.Ordinal), Cancel);
        var (changed, told, _) = await RunAsync("replay", "--with", bundle, "--all", "--data", Data, "--output", "json");
        using var whatIf = JsonDocument.Parse(told);
        Assert.Equal(1, changed);
        Assert.All(new[] { "by_agent", "by_tool", "by_policy" }, name =>
            Assert.Equal(2, whatIf.RootElement.GetProperty(name).EnumerateArray().Single().GetProperty("changes")[0].GetProperty("count").GetInt32()));

        Directory.Delete(Path.Combine(Data, "policies"), recursive: true);
        Assert.Contains("3: the bundle sha256:", (await RunAsync("replay", "--policy", "--all", "--data", Data)).Output, StringComparison.Ordinal);
        Assert.Contains("3 came out as recorded, 0 otherwise, 1 could not be recomputed", (await RunAsync("replay", "--policy", "--all", "--data", Data, "--policies", Copy("payments", "again"))).Output, StringComparison.Ordinal);
        Assert.Contains("the decisions of which trail?", (await RunAsync("replay", "--policy", "--data", Data)).Messages, StringComparison.Ordinal);
    }

    private async Task RecordAsync(params string[] amounts)
    {
        await using var host = await EmitterHost.EmbeddedAsync(Data, domain => SpiffeId.Parse($"spiffe://{domain}/gateway/test"), "operations", Cancel);
        var manifest = Copy("payments", "unkept");
        await File.WriteAllTextAsync(Path.Combine(manifest, "bundle.json"), (await File.ReadAllTextAsync(Path.Combine(manifest, "bundle.json"), Cancel)).Replace("\"input\": \"full\"", "\"input\": \"none\"", StringComparison.Ordinal), Cancel);
        await using var kept = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = Data, Watch = false, Mode = PolicyMode.Shadow }, Cancel);
        await using var unkept = await PolicyHost.OpenAsync(new PolicyHostOptions { Path = manifest, Watch = false, Mode = PolicyMode.Shadow }, Cancel);
        foreach (var (policy, amount) in amounts.Select(a => (kept, a)).Append((unkept, "20.00")))
        {
            var pipeline = new ActionPipeline(new ActionPipelineOptions { Policy = policy }, host.Emitter, host.Keys);
            var trace = TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736");
            var permit = await pipeline.BeginAsync(
                new ProposedAction
                {
                    Caller = new Caller
                    {
                        Agent = SpiffeId.Parse("spiffe://example.org/agent/billing"),
                        Instance = "test",
                        Owner = "finance operations",
                        Authenticated = "oauth2",
                        DelegationChain = ["user:alice"],
                        Scopes = ["payments:write"],
                    },
                    Trace = trace,
                    Parent = SpanId.Parse("00f067aa0ba902b7"),
                    Task = SpanId.Parse("00f067aa0ba902b7"),
                    Type = "tool.call",
                    Name = "create_transfer",
                    Resource = "mcp://payments/tools/create_transfer",
                    Server = "payments",
                    Writes = true,
                    Input = Encoding.UTF8.GetBytes($$"""{"amount":{{amount}},"currency":"EUR","beneficiary":"x"}"""),
                },
                null,
                Cancel);
            Assert.Null(permit.Refusal);
            await permit.CompleteAsync(new ActionResult("ok"));
        }

        await host.Emitter.FlushAsync(Cancel);
    }

    private string Copy(string sample, string? name = null)
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Cairn.slnx")))
        {
            at = at.Parent ?? throw new InvalidOperationException("not below the repository");
        }

        var (from, to) = (Path.Combine(at.FullName, "samples", "policies", sample), Path.Combine(_folder, name ?? sample));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        return to;
    }

    private static async Task<(int Code, string Output, string Messages)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "cairn"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var (output, messages) = (process.StandardOutput.ReadToEndAsync(Cancel), process.StandardError.ReadToEndAsync(Cancel));
        await process.WaitForExitAsync(Cancel);
        return (process.ExitCode, await output, await messages);
    }
}
