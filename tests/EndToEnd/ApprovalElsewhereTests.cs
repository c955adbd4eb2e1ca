using System.Diagnostics;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;

namespace Cairn.EndToEnd;

/// <summary>A gateway whose ledger is a server: its calls wait for approval on its own machine, and all of it is recorded at the server.</summary>
public class ApprovalElsewhereTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_waits_on_the_gateways_machine_and_request_and_answer_are_in_the_servers_ledger()
    {
        using var folder = new TemporaryFolder();
        var address = $"http://127.0.0.1:{RunningCairn.FreePort()}";
        var bundle = ToolBundle.Write(folder, """@id("asks") @approval("group:anybody") permit (principal, action == Action::"tool.call", resource);""");
        await using var ledger = await RunningCairn.StartAsync("serving", "serve", "--data", folder["data"], "--listen", address);
        var join = (await File.ReadAllTextAsync(folder["data/enrol.token"], Cancel)).Trim();
        var state = Directory.CreateDirectory(folder["state/cairn/" + new Uri(address).Authority.Replace(':', '_')]).FullName;
        await File.WriteAllTextAsync(Path.Combine(state, "approvers.json"), $"{{\"group:anybody\":[\"{Environment.UserName}\"]}}", Cancel);
        await using (var server = await WrappedServer.StartAsync(folder["unused"], ["--policy", bundle], WrappedServer.Everything, start =>
        {
            var at = start.ArgumentList.IndexOf("--data");
            (start.ArgumentList[at], start.ArgumentList[at + 1]) = ("--server", address);
            (start.Environment["CAIRN_ENROL_TOKEN"], start.Environment["XDG_STATE_HOME"]) = (join, folder["state"]);
        }))
        {
            var call = server.EchoAsync("once somebody agrees");
            var id = await WaitingAsync(folder, address);
            var answered = await CairnProgram.RunAsync(Here(folder, "approve", id, "--server", address, "--comment", "fine"));
            Assert.True(answered.ExitCode == 0, answered.ToString());
            Assert.Contains("checked: it is of what stands above", answered.Output);
            Assert.Contains("once somebody agrees", Recorded.TextOf(await call));
            Assert.Equal(0, await server.CloseAsync());
        }

        await ledger.EndAsync();
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        var recorded = Assert.Single(records, record => record.Kind == RecordKinds.ApprovalRecorded);
        Assert.Equal(("approved", $"os-user:{Environment.UserName}"), (recorded.Body.GetProperty("decision").GetString(), recorded.Body.GetProperty("approver").GetString()));
        Assert.Equal(Assert.Single(records, record => record.Kind == RecordKinds.ApprovalRequested).Id.ToString(), recorded.Body.GetProperty("requested").GetString());
        Assert.Equal(recorded.Id.ToString(), Assert.Single(records, record => record.Kind == RecordKinds.ActionRequested).Body.GetProperty("approval").GetString());
    }

    private static ProcessStartInfo Here(TemporaryFolder folder, params string[] words)
    {
        var start = CairnProgram.Start(words);
        start.Environment["XDG_STATE_HOME"] = folder["state"];
        return start;
    }

    private static async Task<string> WaitingAsync(TemporaryFolder folder, string address)
    {
        for (var i = 0; i < 300; i++)
        {
            var listed = await CairnProgram.RunAsync(Here(folder, "approvals", "--server", address, "--output", "json"));
            Assert.True(listed.ExitCode == 0, listed.ToString());
            if (JsonNode.Parse(listed.Output)!.AsArray() is [{ } one, ..])
            {
                return (string)one["id"]!;
            }

            await Task.Delay(100, Cancel);
        }

        throw new TimeoutException("nothing was put to a human");
    }
}
