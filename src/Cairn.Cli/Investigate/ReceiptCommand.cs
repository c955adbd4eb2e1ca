using System.CommandLine;
using System.Text;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Receipts;
using Cairn.Ledger;
using Cairn.Ledger.Witnessing;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn receipt INDEX</c>: the receipt of one statement, as a C2SP tlog-proof or in the forms of SCITT, and what its checkpoint has of signatures.</summary>
internal static class ReceiptCommand
{
    private const string TlogProof = "tlog-proof", Cose = "cose", Transparent = "transparent", Statement = "statement";

    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var final = new Option<bool>("--final") { Description = "Fail (exit 1) when the checkpoint lacks its quorum of witnesses" };
        var index = new Argument<long>("index") { Description = "The statement's index in the ledger" };
        var format = new Option<string>("--format", "-f")
        {
            Description = "tlog-proof (text, with the cosigned checkpoint), cose (COSE Receipt, RFC 9942), transparent (the statement with its receipts, RFC 9943) or statement (the bare statement)",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => TlogProof,
        };
        format.AcceptOnlyFromAmong(TlogProof, Cose, Transparent, Statement);
        var command = new Command("receipt", "Print the receipt of one statement: C2SP tlog-proof, COSE Receipt or transparent statement") { data, index, format, final, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var (number, wanted) = (parsed.GetRequiredValue(index), parsed.GetValue(format)!);
            if (wanted != TlogProof && (parsed.IsJson(output) || !Console.IsOutputRedirected))
            {
                throw parsed.IsJson(output)
                    ? new CliException($"{wanted} is a form of its own: --output json is for tlog-proof")
                    : new CliException($"{wanted} is not text, and standard output is a terminal", $"cairn receipt {number} --format {wanted} > {number}.cose");
            }

            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), cancel);
            if (number < 0 || number >= ledger.Count())
            {
                throw new CliException($"there is no statement {number}: the ledger has {ledger.Count()} statements, the first is 0");
            }

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
                await stdout.WriteAsync(await EncodeAsync(directory, ledger, receipt, number, wanted, cancel), cancel);
            }

            Console.Error.WriteLine($"cairn: statement {number} under the checkpoint of size {standing.Size}, signed by {signed} keys of the ledger; {standing}");
            return standing.IsMet || !parsed.GetValue(final) ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static async Task<ReadOnlyMemory<byte>> EncodeAsync(LedgerDirectory directory, EmbeddedLedger ledger, TlogProof receipt, long number, string wanted, CancellationToken cancel)
    {
        using var desk = new ReceiptDesk(directory, ledger);
        return wanted switch
        {
            Cose => (await desk.ReceiptAsync(number, cancel)).Bytes,
            Transparent => (await desk.TransparentAsync(number, cancel)).Encode(),
            Statement => (await desk.TransparentAsync(number, cancel)).Statement.Bytes,
            _ => receipt.Encode(),
        };
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
