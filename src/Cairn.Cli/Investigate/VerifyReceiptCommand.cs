using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary>
/// <c>cairn verify-receipt FILE…</c>: checks receipts of one statement, or of consistency between two trees, offline, by a trust policy and
/// nothing else.
/// </summary>
internal static class VerifyReceiptCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "A transparent statement, or COSE receipts or one tlog-proof of the --statement, or COSE receipts of consistency with the --older tree", Arity = ArgumentArity.OneOrMore };
        var trust = new Option<string>("--trust", "-t") { Description = "The trust policy", HelpName = "POLICY", Required = true };
        var statement = new Option<string?>("--statement", "-s") { Description = "The statement's bytes; a transparent statement brings its own", HelpName = "FILE" };
        var checkpoint = new Option<string?>("--checkpoint") { Description = "The signed checkpoint of the COSE receipts' tree: proves index, size and quorum", HelpName = "FILE" };
        var older = new Option<string?>("--older") { Description = "For receipts of consistency: the signed checkpoint of the older tree, or a tlog-proof that holds it", HelpName = "FILE" };
        var output = OutputOption.Create();
        var command = new Command("verify-receipt", "Verify a receipt, a transparent statement, or that a ledger only grew, offline") { files, trust, statement, checkpoint, older, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var policy = await TrustFile.ReadAsync(parsed.GetRequiredValue(trust), cancel);
            var bare = parsed.GetValue(statement) is { } path ? await ReadAsync(path, bytes => SignedStatement.Decode(bytes), cancel) : null;
            var note = parsed.GetValue(checkpoint) is { } file ? await ReadAsync(file, ReadCheckpoint, cancel) : null;
            var before = parsed.GetValue(older) is { } old ? await ReadAsync(old, ReadCheckpoint, cancel) : null;
            var given = new List<object>();
            foreach (var name in parsed.GetRequiredValue(files))
            {
                given.Add(await ReadAsync(name, Read, cancel));
            }

            if (before is not null || given.OfType<CoseReceipt>().Any(receipt => !receipt.Proof.IsInclusion))
            {
                var consistency = Judge(given, bare, before, policy, note);
                Print(consistency, parsed.IsJson(output));
                return consistency.Accepted ? ExitCode.Done : ExitCode.CheckFailed;
            }

            var verdict = Judge(given, bare, policy, note);
            Print(verdict, parsed.IsJson(output));
            return verdict.Accepted ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    /// <summary>A tlog-proof, a transparent statement or a COSE receipt, told apart by their first bytes and their payload.</summary>
    private static object Read(byte[] bytes)
    {
        if (!bytes.AsSpan().StartsWith((byte[])[0xd2]))
        {
            return TlogProof.Parse(bytes);
        }

        try
        {
            return CoseReceipt.Decode(bytes);
        }
        catch (EvidenceFormatException receipt)
        {
            try
            {
                return TransparentStatement.Decode(bytes);
            }
            catch (EvidenceFormatException problem)
            {
                throw new EvidenceFormatException($"neither a receipt ({receipt.Message}) nor a transparent statement ({problem.Message})", problem);
            }
        }
    }

    private static SignedNote ReadCheckpoint(byte[] bytes) => bytes.AsSpan().StartsWith("c2sp.org/tlog-proof@"u8) ? TlogProof.Parse(bytes).Checkpoint : SignedNote.Parse(bytes);

    private static ConsistencyVerdict Judge(List<object> given, SignedStatement? bare, SignedNote? older, TrustPolicy policy, SignedNote? newer)
    {
        const string Next = "cairn verify-receipt FILE… --older CHECKPOINT --trust POLICY";
        return given.Any(one => one is not CoseReceipt { Proof.IsInclusion: false }) ? throw new CliException("receipts of consistency are verified by themselves: a file is no such receipt", Next)
            : bare is not null ? throw new CliException("a receipt of consistency is about two trees and no statement: --statement does not go with it", Next)
            : older is null ? throw new CliException("a receipt of consistency says that a tree grew out of an older one: the older tree's signed checkpoint is needed", Next)
            : ConsistencyCheck.Run([.. given.Cast<CoseReceipt>()], older, policy.Log, newer);
    }

    private static ReceiptVerdict Judge(List<object> given, SignedStatement? bare, TrustPolicy policy, SignedNote? checkpoint)
    {
        var transparent = given.OfType<TransparentStatement>().ToList();
        var statements = transparent.Select(one => one.Statement).Concat(bare is null ? [] : [bare]).DistinctBy(one => one.Hash).ToList();
        if (statements.Count != 1)
        {
            throw new CliException(
                statements.Count == 0 ? "a receipt says nothing by itself: the statement is needed" : $"the files are about {statements.Count} statements; verify one at a time",
                "cairn verify-receipt FILE --statement STATEMENT --trust POLICY");
        }

        if (given.OfType<TlogProof>().ToList() is not { Count: > 0 } proofs)
        {
            return ReceiptCheck.Run(statements[0], [.. transparent.SelectMany(one => one.Receipts), .. given.OfType<CoseReceipt>()], policy.Log, checkpoint);
        }

        if (given.Count > 1)
        {
            throw new CliException("a tlog-proof is verified by itself: it carries its own checkpoint");
        }

        var verdict = policy.Log.Check(proofs[0].Checkpoint);
        var head = Checkpoint.Of(proofs[0].Checkpoint).Head;
        var proves = proofs[0].Proves(statements[0].Bytes.Span);
        return new ReceiptVerdict(
            proves ? verdict.Failures : [.. verdict.Failures, $"the statement does not lead from index {proofs[0].Index} to the root {head.Root} of size {head.Size}"],
            verdict.LogKeys, proofs[0].Index, head, proves && verdict.Accepted);
    }

    private static void Print(ReceiptVerdict verdict, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new
            {
                verified = verdict.Accepted, index = verdict.Index, size = verdict.Head?.Size, root = verdict.Head?.Root.ToString(),
                place_proved = verdict.IsPlaceProved, keys = verdict.Keys.Select(Named), failures = verdict.Failures,
            }));
            return;
        }

        var console = Screen.Create().Console;
        Headline(console, verdict.Accepted, verdict.Failures);
        if (verdict is { Index: { } index, Head: { } head } && verdict.Keys.Count > 0)
        {
            console.Write(new Text($"  index {index} of {head.Size} statements, root {head.Root}\n  signed by {string.Join(", ", verdict.Keys.Select(Named))}\n"));
        }

        if (verdict.Accepted)
        {
            var limit = verdict.IsPlaceProved ? "" : "  - that it is in the tree is proved; index and size are the receipt's word: --checkpoint proves them\n";
            console.Write(new Text($"{limit}  - who made the statement is proved by its own signature, not by a receipt\n", new Style(decoration: Decoration.Dim)));
        }
    }

    private static void Print(ConsistencyVerdict verdict, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new
            {
                verified = verdict.Accepted,
                older = new { size = verdict.Older.Size, root = verdict.Older.Root.ToString() },
                newer = verdict.Newer is { } head ? new { size = head.Size, root = head.Root.ToString() } : null,
                size_proved = verdict.IsSizeProved, keys = verdict.Keys.Select(Named), failures = verdict.Failures,
            }));
            return;
        }

        var console = Screen.Create().Console;
        Headline(console, verdict.Accepted, verdict.Failures);
        if (verdict.Newer is { } newer)
        {
            console.Write(new Text($"  the tree of {newer.Size} statements, root {newer.Root},\n  extends that of {verdict.Older.Size}, root {verdict.Older.Root}\n  signed by {string.Join(", ", verdict.Keys.Select(Named))}\n"));
        }

        if (verdict is { Accepted: true, IsSizeProved: false })
        {
            console.Write(new Text("  - that the newer root extends the older tree is proved; the newer size is the receipt's word: --checkpoint proves it\n", new Style(decoration: Decoration.Dim)));
        }
    }

    private static void Headline(IAnsiConsole console, bool accepted, IReadOnlyList<string> failures)
    {
        console.MarkupLineInterpolated($"[bold {(accepted ? "green" : "red")}]{(accepted ? "VERIFIED" : "NOT VERIFIED")}[/]");
        foreach (var failure in failures)
        {
            console.Write(new Text($"  x {failure}\n", new Style(Color.Red)));
        }
    }

    private static string Named(VerifierKey key) => $"{key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";

    private static async Task<T> ReadAsync<T>(string path, Func<byte[], T> parse, CancellationToken cancel)
    {
        try
        {
            return parse(await File.ReadAllBytesAsync(path, cancel));
        }
        catch (FileNotFoundException)
        {
            throw new CliException($"there is no file {Path.GetFullPath(path)}");
        }
        catch (EvidenceFormatException problem)
        {
            throw new CliException($"{path} can't be read: {problem.Message}");
        }
    }
}
