using System.Diagnostics;
using Cairn.Broker;
using Cairn.Cli.Emit;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Gateway.Approvals;
using Cairn.Identity.Files;
using Cairn.Ledger;

namespace Cairn.Cli.Demo;

/// <summary>The people of the demo: the one who asks and grants, and the one in finance who approves, both the user that runs it.</summary>
internal static class DemoPeople
{
    private static readonly TimeSpan GrantTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Sets the broker up, grants, starts the orchestrator, and approves what waits for finance until it is through.</summary>
    /// <exception cref="CliException">The orchestrator failed.</exception>
    public static async Task PlayAsync(DemoScene scene, TraceParent position, CancellationToken cancel)
    {
        var grant = await GrantAsync(scene, position, cancel);
        var (file, arguments) = scene.Agent("orchestrator");
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false };
        start.Environment["TRACEPARENT"] = position.ToString();
        start.Environment[McpCommand.SubjectToken] = grant;
        using var agent = Process.Start(start) ?? throw new CliException($"could not start {file}");
        using var through = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var finance = ApproveAsync(scene, file, through.Token);
        await agent.WaitForExitAsync(cancel);
        await through.CancelAsync();
        await finance;
        if (agent.ExitCode != 0)
        {
            throw new CliException($"the demo's orchestrator ended with exit code {agent.ExitCode}; what it said is above");
        }
    }

    private static async Task<string> GrantAsync(DemoScene scene, TraceParent position, CancellationToken cancel)
    {
        var root = LedgerDirectory.OpenOrCreate(scene.Data).Root;
        DurableFile.CreateDirectory(Path.Combine(root, "broker"));
        DurableFile.Write(Path.Combine(root, "broker", "broker.json"), """
            {
              // The gateways authenticate agents and may name them; the demo's bank speaks over stdio, where no proof can be shown.
              "gateways": ["spiffe://cairn.local/gateway/*"],
              "bearer_audience": ["https://bank.example"]
            }

            """u8.ToArray());
        DurableFile.Write(Path.Combine(root, "approvers.json"), System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, string[]> { ["group:finance"] = [Environment.UserName] }));
        await using var broker = await CredentialBroker.OpenAsync(new BrokerOptions { DataPath = root, Owner = scene.Owner, SweepEvery = null }, cancel);
        Directory.CreateDirectory(scene.BankFolder);
        await File.WriteAllTextAsync(scene.BankKeys, broker.KeySet(), cancel);
        Console.Error.WriteLine($"  {Environment.UserName}: asks the orchestrator to pay October's invoices, and grants it {DemoScene.PaymentScope} for ten minutes");
        var grant = await broker.GrantAsync(
            new GrantRequest
            {
                Subject = $"user:{Environment.UserName}",
                Audience = [DemoScene.BankAudience],
                Scope = [DemoScene.PaymentScope],
                Ttl = GrantTime,
                MayAct = DemoScene.Orchestrator,
                Context = position,
                By = Environment.UserName,
            },
            cancel);
        return grant.Token;
    }

    /// <summary>Finance looks at what waits, and approves it as anybody would: <c>cairn approve ID</c>.</summary>
    private static async Task ApproveAsync(DemoScene scene, string program, CancellationToken cancel)
    {
        try
        {
            using var desk = ApprovalDesk.Open(scene.Data);
            while (true)
            {
                await Task.Delay(LookEvery, cancel);
                foreach (var request in desk.Pending().Where(pending => pending.IsWaiting).Select(pending => pending.Request))
                {
                    Console.Error.WriteLine($"  finance: cairn approve {request.Id.ToString()[..13]}");
                    using var approve = Process.Start(new ProcessStartInfo(
                        program, ["approve", request.Id.ToString(), "--data", scene.Data, "--comment", "as invoiced"]) { RedirectStandardOutput = true })
                        ?? throw new CliException($"could not start {program}");
                    await approve.StandardOutput.ReadToEndAsync(cancel);
                    await approve.WaitForExitAsync(cancel);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The orchestrator is through: nothing waits any more.
        }
    }
}
