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

/// <summary><c>cairn verify-receipt FILE…</c>: checks receipts of one statement offline, by a trust policy and nothing else.</summary>
internal static class VerifyReceiptCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "A transparent statement, or COSE receipts or one tlog-proof of the --statement", Arity = ArgumentArity.OneOrMore };
        var trust = new Option<string>("--trust", "-t") { Description = "The trust policy", HelpName = "POLICY", Required = true };
        var statement = new Option<string?>("--statement", "-s") { Description = "The statement's bytes; a transparent statement brings its own", HelpName = "FILE" };
        var checkpoint = new Option<string?>("--checkpoint") { Description = "The signed checkpoint of the COSE receipts' tree: proves index, size and quorum", HelpName = "FILE" };
        var output = OutputOption.Create();
        var command = new Command("verify-receipt", "Verify a receipt or a transparent statement, offline") { files, trust, statement, checkpoint, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var policy = await TrustFile.ReadAsync(parsed.GetRequiredValue(trust), cancel);
            var bare = parsed.GetValue(statement) is { } path ? await ReadAsync(path, bytes => SignedStatement.Decode(bytes), cancel) : null;
            var note = parsed.GetValue(checkpoint) is { } file ? await ReadAsync(file, bytes => SignedNote.Parse(bytes), cancel) : null;
            var given = new List<object>();
            foreach (var name in parsed.GetRequiredValue(files))
            {
                given.Add(await ReadAsync(name, Read, cancel));
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
        console.MarkupLineInterpolated($"[bold {(verdict.Accepted ? "green" : "red")}]{(verdict.Accepted ? "VERIFIED" : "NOT VERIFIED")}[/]");
        foreach (var failure in verdict.Failures)
        {
            console.Write(new Text($"  x {failure}\n", new Style(Color.Red)));
        }

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
