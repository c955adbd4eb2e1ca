using System.CommandLine;
using System.Text;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Receipts;
using Cairn.Ledger;
using Cairn.Ledger.Witnessing;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn receipt INDEX</c>: the C2SP tlog-proof of one statement, and what its checkpoint has of signatures.</summary>
internal static class ReceiptCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var final = new Option<bool>("--final") { Description = "Fail (exit 1) when the checkpoint lacks its quorum of witnesses" };
        var index = new Argument<long>("index") { Description = "The statement's index in the ledger" };
        var command = new Command("receipt", "Print the receipt of one statement (C2SP tlog-proof: inclusion proof and checkpoint)") { data, index, final, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), cancel);
            var number = parsed.GetRequiredValue(index);
            await ledger.WaitForCheckpointAsync(number, TimeSpan.FromSeconds(30), cancel);
            var receipt = await ledger.ReceiptAsync(number, cancel);
            var standing = ledger.Standing(receipt.Checkpoint);
            var signed = directory.TrustPolicy().Log.Check(receipt.Checkpoint).LogKeys.Count;
            await using var stdout = Console.OpenStandardOutput();
            if (parsed.IsJson(output))
            {
                WriteJson(stdout, receipt, standing, signed);
            }
            else
            {
                await stdout.WriteAsync(receipt.Encode(), cancel);
            }

            Console.Error.WriteLine($"cairn: statement {number} under the checkpoint of size {standing.Size}, signed by {signed} keys of the ledger; {standing}");
            return standing.IsMet || !parsed.GetValue(final) ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static void WriteJson(Stream stdout, TlogProof receipt, CheckpointStanding standing, int signed)
    {
        using var json = new Utf8JsonWriter(stdout, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("index", receipt.Index);
        json.WriteNumber("log_signatures", signed);
        StandingJson.Write(json, "checkpoint", standing);
        json.WriteString("receipt", Encoding.UTF8.GetString(receipt.Encode()));
        json.WriteEndObject();
        json.Flush();
        stdout.WriteByte((byte)'\n');
    }
}
