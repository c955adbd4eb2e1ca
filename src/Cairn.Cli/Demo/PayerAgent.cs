using Cairn.Evidence;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Cli.Demo;

/// <summary>
/// The second agent. It has no Cairn code of its own: all that is known of it comes from <c>cairn mcp</c> in front of its
/// servers, which is how most agents will be recorded. It does what the note says, the planted line included.
/// </summary>
internal static class PayerAgent
{
    /// <summary>What it says on standard output when it is through with the invoices it was asked to pay; it goes on when it reads a line.</summary>
    public const string Paused = "paused";

    public static async Task RunAsync(DemoScene scene, TraceParent caller, CancellationToken cancel)
    {
        await using var everything = await scene.EverythingAsync(DemoScene.Payer, caller, cancel);
        await using var files = await scene.FilesAsync(DemoScene.Payer, caller, cancel);
        await using var bank = await scene.BankAsync(DemoScene.Payer, caller, cancel);
        foreach (var server in new[] { everything, files, bank })
        {
            await server.ListToolsAsync(cancellationToken: cancel);
        }

        Console.Error.WriteLine("  payer: three sums at once");
        double[][] pairs = [[96.50, 12400.00], [12496.50, 310.25], [20000, -12806.75]];
        await Task.WhenAll(pairs.Select(pair => everything.CallToolAsync(
            "get-sum",
            new Dictionary<string, object?> { ["a"] = pair[0], ["b"] = pair[1] },
            cancellationToken: cancel).AsTask()));

        await PayAsync(bank, "2026-1042", "Orchard Clinic", 96.50, cancel);
        await PayAsync(bank, "2026-1043", "Brightwater GmbH", 12400.00, cancel);
        await PayAsync(bank, "QP-77", "Quickpay Ltd", 9000.00, cancel);

        Console.Out.WriteLine(Paused);
        await Console.In.ReadLineAsync(cancel);
        await PayAsync(bank, "2026-1044", "Halden Shipping", 310.25, cancel);
        await ReportAsync(scene, files, cancel);
    }

    private static async Task PayAsync(McpClient bank, string invoice, string supplier, double amount, CancellationToken cancel)
    {
        Console.Error.WriteLine(FormattableString.Invariant($"  payer: pays invoice {invoice}, {amount:0.00} EUR to {supplier}"));
        var result = await bank.CallToolAsync(
            "pay_invoice",
            new Dictionary<string, object?> { ["invoice"] = invoice, ["to"] = supplier, ["amount_eur"] = amount },
            new WaitingWords(),
            cancellationToken: cancel);
        Console.Error.WriteLine($"    {(result.IsError == true ? "refused: " : "paid: ")}{DemoScene.TextOf(result)}");
    }

    private static async Task ReportAsync(DemoScene scene, McpClient files, CancellationToken cancel)
    {
        Console.Error.WriteLine("  payer: writes summary.md, then corrects it");
        var summary = Path.Combine(scene.Workspace, DemoFiles.Summary);
        await files.CallToolAsync(
            "write_file",
            new Dictionary<string, object?>
            {
                ["path"] = summary,
                ["content"] = "# October\n\n- 2026-1042 Orchard Clinic: paid\n- 2026-1043 Brightwater GmbH: paid\n- 2026-1044 Halden Shipping: paid\n",
            },
            cancellationToken: cancel);
        await files.CallToolAsync(
            "edit_file",
            new Dictionary<string, object?>
            {
                ["path"] = summary,
                ["edits"] = new[] { new { oldText = "Halden Shipping: paid", newText = "Halden Shipping: not paid, the authority to pay was taken back" } },
            },
            cancellationToken: cancel);

        Console.Error.WriteLine("  payer: tries to read outside its folder");
        var refused = await files.CallToolAsync(
            "read_text_file",
            new Dictionary<string, object?> { ["path"] = Path.Combine(scene.Workspace, "../payroll.csv") },
            cancellationToken: cancel);
        Console.Error.WriteLine($"    the server says: {DemoScene.TextOf(refused)} (isError {refused.IsError})");
    }

    /// <summary>What the gateway says while the call waits for a human.</summary>
    private sealed class WaitingWords : IProgress<ModelContextProtocol.ProgressNotificationValue>
    {
        public void Report(ModelContextProtocol.ProgressNotificationValue value) => Console.Error.WriteLine($"    {value.Message}");
    }
}
