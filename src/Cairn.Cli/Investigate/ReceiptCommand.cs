using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Ledger;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn receipt INDEX</c>: the C2SP tlog-proof of one statement.</summary>
internal static class ReceiptCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var index = new Argument<long>("index") { Description = "The statement's index in the ledger" };
        var command = new Command("receipt", "Print the receipt of one statement (C2SP tlog-proof: inclusion proof and checkpoint)") { data, index };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data))), new EmbeddedLedgerOptions(), cancel);
            var number = parsed.GetRequiredValue(index);
            await ledger.WaitForCheckpointAsync(number, TimeSpan.FromSeconds(30), cancel);
            var receipt = await ledger.ReceiptAsync(number, cancel);
            await using var output = Console.OpenStandardOutput();
            await output.WriteAsync(receipt.Encode(), cancel);
            return ExitCode.Done;
        });
        return command;
    }
}
