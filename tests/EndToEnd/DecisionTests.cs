using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;

namespace Cairn.EndToEnd;

/// <summary>Policy decisions that a stranger recomputes from the bundle alone, with both verifiers.</summary>
public sealed class DecisionTests
{
    private const string Schema = """
        entity Agent = { trust_domain: String, path: String, owner: String, authenticated: String };
        entity Server;
        entity Resource in [Server];
        type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
        action "process.exec" appliesTo {
          principal: [Agent], resource: [Resource],
          context: { name: String, server: String, uri: String, delegation: Delegation, scopes: Set<String>, time: datetime, writes?: Bool, approved: Bool },
        };
        """;

    private const string Policies = """
        @id("all") @reason("commands are fine") permit (principal, action, resource);
        @id("no-false") @reason("nobody runs false") forbid (principal, action, resource) when { context.name == "false" };
        """;

    [Fact]
    public async Task Decisions_of_an_exported_trail_are_recomputed_by_both_verifiers_without_the_ledger()
    {
        using var folder = new TemporaryFolder();
        var trace = await RecordAsync(folder);

        var export = await OkAsync("export", trace, "--decisions", "--data", folder["data"], "-o", folder["trail.zip"]);
        Directory.Move(folder["data"], folder["gone"]);
        var report = await VerifyAsync(folder);

        Assert.Contains("disclosed contents", export.Messages);
        Assert.True(report.GetProperty("verified").GetBoolean());
        Assert.Equal((1, 1, 0), Decisions(report));
        var node = await NodeAsync(folder["trail.zip"], folder["trust.policy"]);
        Assert.True(node.ExitCode == 0, node.ToString());
        Assert.True(JsonElement.DeepEquals(report.GetProperty("decisions"), JsonElement.Parse(node.Output).GetProperty("decisions")), node.Output);
        Assert.Contains("decisions: 1 recorded, 1 recomputed, of which 0 came out otherwise", (await OkAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"])).Output);
        Assert.Contains("1 decisions: 1 came out as recorded", (await OkAsync("replay", "--bundle", folder["trail.zip"], "--trust", folder["trust.policy"], "--policy", "--data", folder["nowhere"])).Output);
        Assert.Contains("1 policy decision: 1 recomputed", await ReportPageAsync(folder["trail.zip"]));
    }

    [Fact]
    public async Task Plain_export_discloses_no_input_and_no_policy_and_says_what_is_not_recomputed()
    {
        using var folder = new TemporaryFolder();
        var trace = await RecordAsync(folder);

        await OkAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"]);
        var report = await VerifyAsync(folder);

        Assert.True(report.GetProperty("verified").GetBoolean());
        Assert.Equal((1, 0, 0), Decisions(report));
        Assert.Equal("no-input", Assert.Single(report.GetProperty("decisions").GetProperty("not_recomputed").EnumerateArray()).GetProperty("reason").GetString());
        Assert.Contains(report.GetProperty("corroboration").GetProperty("limits").EnumerateArray(), limit => limit.GetProperty("code").GetString() == "decisions-not-recomputed");
        await using var zip = await ZipFile.OpenReadAsync(folder["trail.zip"], TestContext.Current.CancellationToken);
        Assert.DoesNotContain(zip.Entries, entry => entry.Name is "policies.jsonl" or "policies.bin" or "engine.wasm" or "content.bin");
    }

    [Fact]
    public async Task Disclosing_decisions_opens_their_inputs_and_no_other_content()
    {
        using var folder = new TemporaryFolder();
        var trace = await RecordAsync(folder);

        var disclosed = await OkAsync("disclose", trace, "--decisions", "--purpose", "audit", "--data", folder["data"], "-o", folder["trail.zip"]);
        var report = await VerifyAsync(folder);

        Assert.Contains("1 contents disclosed", disclosed.Messages);
        Assert.Equal((1, 1, 0), Decisions(report));
        Assert.Equal(1, report.GetProperty("counts").GetProperty("contents").GetInt32());
    }

    private static async Task<string> RecordAsync(TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder["bundle"]);
        await File.WriteAllTextAsync(folder["bundle/bundle.json"], """{"name":"commands","version":"7","engine":{"name":"cedar","version":"4.13"}}""");
        await File.WriteAllTextAsync(folder["bundle/schema.cedarschema"], Schema);
        await File.WriteAllTextAsync(folder["bundle/policy.cedar"], Policies);
        await OkAsync("policy", "push", folder["bundle"], "--data", folder["data"]);
        await OkAsync("exec", "--data", folder["data"], "--capture", "full", "--", "echo", "hello");
        await File.WriteAllTextAsync(folder["trust.policy"], (await OkAsync("keys", "--data", folder["data"])).Output);
        return (await Recorded.ReadAsync(folder["data"])).First(record => record.Kind == "policy.decided").Trace.ToString();
    }

    private static async Task<JsonElement> VerifyAsync(TemporaryFolder folder) =>
        JsonElement.Parse((await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"], "--output", "json")).Output);

    private static (int Recorded, int Recomputed, int Differ) Decisions(JsonElement report)
    {
        var decisions = report.GetProperty("decisions");
        return (decisions.GetProperty("recorded").GetInt32(), decisions.GetProperty("recomputed").GetInt32(), decisions.GetProperty("differ").GetInt32());
    }

    private static async Task<string> ReportPageAsync(string bundle)
    {
        await using var zip = await ZipFile.OpenReadAsync(bundle, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await zip.GetEntry("report.html")!.OpenAsync(TestContext.Current.CancellationToken));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static Task<Outcome> NodeAsync(string bundle, string policy) =>
        CairnProgram.RunAsync(new ProcessStartInfo("node", [Path.Combine(CairnProgram.Home, "web/verify/dist/cairn-verify.mjs"), bundle, "--trust", policy, "--output", "json"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });

    private static async Task<Outcome> OkAsync(params string[] arguments)
    {
        var outcome = await CairnProgram.RunAsync(arguments);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome;
    }
}
