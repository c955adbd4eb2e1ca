using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Receipts;
using Cairn.Ledger;
using Cairn.Ledger.Witnessing;

namespace Cairn.Cli.Investigate;

/// <summary>
/// <c>cairn receipt INDEX</c>: the receipt of one statement, as a C2SP tlog-proof or in the forms of SCITT, and what its checkpoint has of signatures.
/// <c>cairn receipt --consistency FROM[:TO]</c>: that one tree extends another.
/// </summary>
internal static class ReceiptCommand
{
    private const string TlogProof = "tlog-proof", Cose = "cose", Transparent = "transparent", Statement = "statement";
    private const string Ed25519 = "ed25519", MlDsa44 = "mldsa44";

    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var final = new Option<bool>("--final") { Description = "Fail (exit 1) when the checkpoint lacks its quorum of witnesses" };
        var index = new Argument<long?>("index") { Description = "The statement's index in the ledger", Arity = ArgumentArity.ZeroOrOne };
        var consistency = new Option<string?>("--consistency") { Description = "In place of a statement: a COSE Receipt that the tree of TO statements (without: of the newest published checkpoint) extends that of FROM", HelpName = "FROM[:TO]" };
        var key = new Option<string>("--key") { Description = "Which of the log's keys signs a cose receipt; a verifier wants one by each", HelpName = "KEY", DefaultValueFactory = _ => Ed25519 };
        key.AcceptOnlyFromAmong(Ed25519, MlDsa44);
        var format = new Option<string>("--format", "-f")
        {
            Description = "tlog-proof (text, with the cosigned checkpoint), cose (COSE Receipt, RFC 9942), transparent (the statement with its receipts, RFC 9943) or statement (the bare statement)",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => TlogProof,
        };
        format.AcceptOnlyFromAmong(TlogProof, Cose, Transparent, Statement);
        var command = new Command("receipt", "Print the receipt of one statement (C2SP tlog-proof, COSE Receipt or transparent statement), or that the ledger only grew") { data, index, consistency, format, key, final, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var range = parsed.GetValue(consistency);
            var wanted = range is not null && parsed.GetResult(format) is not { Implicit: false } ? Cose : parsed.GetValue(format)!;
            if (range is not null == parsed.GetValue(index) is not null)
            {
                throw new CliException(range is null ? "a receipt of what? Give a statement's index, or --consistency FROM[:TO]" : "give a statement's index or --consistency, not both", "cairn receipt --help");
            }

            if (wanted != Cose && (range is not null || parsed.GetResult(key) is { Implicit: false }))
            {
                throw new CliException(range is not null ? $"a receipt of consistency is a COSE Receipt: --format {wanted} has none" : $"--key chooses who signs a COSE Receipt: --format {wanted} has the signatures of both");
            }

            var what = range is null ? $"{parsed.GetValue(index)}" : $"--consistency {range}";
            if (wanted != TlogProof && (parsed.IsJson(output) || !Console.IsOutputRedirected))
            {
                throw parsed.IsJson(output)
                    ? new CliException($"{wanted} is a form of its own: --output json is for tlog-proof")
                    : new CliException($"{wanted} is not text, and standard output is a terminal", $"cairn receipt {what} --format {wanted} > {(range is null ? what : "consistency")}.cose");
            }

            var type = parsed.GetValue(key) == MlDsa44 ? KeyType.MlDsa44 : KeyType.Ed25519;
            if (range is not null)
            {
                return await ConsistencyAsync(DataOption.Resolve(parsed.GetValue(data)), range, type, parsed.GetValue(final), cancel);
            }

            var number = parsed.GetValue(index)!.Value;
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
                await stdout.WriteAsync(await EncodeAsync(directory, ledger, receipt, number, wanted, type, cancel), cancel);
            }

            Console.Error.WriteLine($"cairn: statement {number} under the checkpoint of size {standing.Size}, signed by {signed} keys of the ledger; {standing}");
            return standing.IsMet || !parsed.GetValue(final) ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static async Task<ReadOnlyMemory<byte>> EncodeAsync(LedgerDirectory directory, EmbeddedLedger ledger, TlogProof receipt, long number, string wanted, byte type, CancellationToken cancel)
    {
        using var desk = new ReceiptDesk(directory, ledger);
        return wanted switch
        {
            Cose => (await desk.ReceiptAsync(number, cancel, type)).Bytes,
            Transparent => (await desk.TransparentAsync(number, cancel)).Encode(),
            Statement => (await desk.TransparentAsync(number, cancel)).Statement.Bytes,
            _ => receipt.Encode(),
        };
    }

    private static async Task<int> ConsistencyAsync(string data, string range, byte type, bool final, CancellationToken cancel)
    {
        var (older, newer) = Sizes(range);
        var directory = LedgerDirectory.Open(data);
        await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), cancel);
        if (Math.Max(older, newer ?? 0) is var last && last > ledger.Count())
        {
            throw new CliException($"--consistency {range}: the ledger has {ledger.Count()} statements");
        }

        await ledger.WaitForCheckpointAsync(last - 1, TimeSpan.FromSeconds(30), cancel);
        using var desk = new ReceiptDesk(directory, ledger);
        var receipt = await desk.ConsistencyAsync(older, newer, desk.Keys.First(key => key.Type == type), cancel);
        await using var stdout = Console.OpenStandardOutput();
        await stdout.WriteAsync(receipt.Bytes, cancel);
        var standing = ledger.Standing(ledger.FinalCheckpoint() ?? ledger.NewestCheckpoint()!);
        Console.Error.WriteLine($"cairn: the tree of {receipt.Proof.Second} statements extends that of {receipt.Proof.First}, under the checkpoint of size {standing.Size}; {standing}");
        return standing.IsMet || !final ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static (long Older, long? Newer) Sizes(string range)
    {
        var parts = range.Split(':');
        var sizes = parts.Select(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : -1).ToList();
        return parts.Length > 2 || sizes.Contains(-1) ? throw new CliException($"--consistency takes FROM or FROM:TO, two numbers of statements, found \"{range}\"")
            : sizes[0] < 1 ? throw new CliException("--consistency: every tree extends that of 0 statements; FROM is 1 at least")
            : sizes.Count == 2 && sizes[1] < sizes[0] ? throw new CliException($"--consistency {range}: the newer tree has fewer statements than the older")
            : (sizes[0], sizes.Count == 2 ? sizes[1] : null);
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
