using System.Text.Json;

namespace Cairn.EndToEnd;

public class DemoTests
{
    [Fact]
    public async Task The_demo_tells_the_whole_story_and_its_bundle_convinces_only_unaltered()
    {
        using var folder = new TemporaryFolder();

        var demo = await CairnProgram.RunAsync("demo", "--data", folder["data"], "--out", folder["out"], "--no-color");

        Assert.True(demo.ExitCode == 0, demo.ToString());
        Assert.Contains("spiffe://cairn.local/agent/orchestrator delegated to spiffe://cairn.local/agent/payer", demo.Output);
        Assert.Contains("write_file by /agent/payer", demo.Output);
        Assert.Contains("denied pay_invoice: policy known-suppliers", demo.Output);
        Assert.Contains("pay_invoice: approved by os-user:", demo.Output);
        Assert.Contains("credential refused, invalid_grant: the subject token was revoked", demo.Output);
        Assert.Contains("3 ok, 1 tool_error", demo.Output);
        Assert.Contains("records.jsonl line", demo.Output);
        Assert.DoesNotContain("\u001b[", demo.Output);
        Assert.Empty(RecordSchemas.Errors(await Recorded.ReadAsync(folder["data"])));
        Assert.Contains("Halden Shipping: not paid", await File.ReadAllTextAsync(folder["out/workspace/summary.md"], TestContext.Current.CancellationToken));
        Assert.Equal(
            ["payment,invoice,to,amount_eur", "P-1,2026-1042,Orchard Clinic,96.50", "P-2,2026-1043,Brightwater GmbH,12400.00"],
            await File.ReadAllLinesAsync(folder["out/bank/bank-statement.csv"], TestContext.Current.CancellationToken));

        var good = await CairnProgram.RunAsync("verify", folder["out/trail.cairn.zip"], "--trust", folder["out/trust.policy"], "--output", "json");
        Assert.True(good.ExitCode == 0, good.ToString());
        using var report = JsonDocument.Parse(good.Output);
        Assert.True(report.RootElement.GetProperty("verified").GetBoolean());
        var decisions = report.RootElement.GetProperty("decisions");
        Assert.True(decisions.GetProperty("recorded").GetInt32() > 0, decisions.ToString());
        Assert.Equal(decisions.GetProperty("recorded").GetInt32(), decisions.GetProperty("recomputed").GetInt32());
        Assert.Equal(0, decisions.GetProperty("differ").GetInt32());

        Assert.Equal(1, (await CairnProgram.RunAsync("verify", folder["out/altered.cairn.zip"], "--trust", folder["out/trust.policy"])).ExitCode);
        var unpinned = await CairnProgram.RunAsync("verify", folder["out/trail.cairn.zip"]);
        Assert.Equal(1, unpinned.ExitCode);
        Assert.Contains("unpinned", unpinned.Messages);
        Assert.Equal(0, (await CairnProgram.RunAsync("verify", folder["out/trail.cairn.zip"], "--allow-unpinned")).ExitCode);
    }
}
