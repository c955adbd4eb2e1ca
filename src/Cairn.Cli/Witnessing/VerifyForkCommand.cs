using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using Spectre.Console;

namespace Cairn.Cli.Witnessing;

/// <summary><c>cairn verify-fork FILE</c>: whether a log signed two heads of which neither extends the other. Nothing but its keys is needed.</summary>
internal static class VerifyForkCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The fork proof (docs/spec/witnessing.md §6)" };
        var keys = new Option<string[]>("--log") { Description = "A key of the log, as a policy's `log` line has it; may be given more than once", HelpName = "VKEY" };
        var trust = new Option<string?>("--trust", "-t") { Description = "A trust policy with the log's keys, and its witnesses: those that cosigned both are named", HelpName = "POLICY" };
        var output = OutputOption.Create();
        var command = new Command("verify-fork", "Verify a proof that a ledger was forked") { file, keys, trust, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var policy = parsed.GetValue(trust) is { } path ? (await TrustFile.ReadAsync(path, cancel)).Log : null;
            List<VerifierKey> known = [.. (parsed.GetValue(keys) ?? []).Select(VerifierKey.Parse), .. policy?.Logs.Select(log => log.Key) ?? []];
            if (known.Count == 0)
            {
                throw new CliException("whose log was forked? The proof does not say whom to believe", "cairn verify-fork FILE --log VKEY, or --trust POLICY");
            }

            var verdict = ForkVerdict.Of(ForkProof.Parse(await File.ReadAllBytesAsync(parsed.GetRequiredValue(file), cancel)), known, policy?.Witnesses ?? [], policy?.Retired);
            if (parsed.IsJson(output))
            {
                WriteJson(verdict);
            }
            else
            {
                Print(Screen.Create(), verdict);
            }

            return verdict.IsProven ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    /// <summary>The verdict for people.</summary>
    public static void Print(Screen screen, ForkVerdict verdict)
    {
        screen.Console.MarkupLine(verdict.IsProven ? "[bold red]FORK PROVEN[/]" : "[bold yellow]NOT PROVEN[/]");
        screen.Say($"  log    {verdict.Origin}");
        screen.Say($"  older  size {verdict.Older.Size}, root {verdict.Older.Root}");
        screen.Say($"  newer  size {verdict.Newer.Size}, root {verdict.Newer.Root}");
        if (verdict.PrefixRoot is { } prefix && verdict.Newer.Size > verdict.Older.Size)
        {
            screen.Say($"  over the older size the newer tree has the root {prefix}");
        }

        foreach (var key in verdict.Keys)
        {
            screen.Say($"  both signed by {key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})");
        }

        foreach (var witness in verdict.Witnesses)
        {
            screen.Say($"  both cosigned by witness {witness}: it lied too");
        }

        foreach (var failure in verdict.Failures)
        {
            screen.Say($"  x {failure}");
        }
    }

    private static void WriteJson(ForkVerdict verdict) => Console.Out.WriteLine(JsonSerializer.Serialize(new
    {
        proven = verdict.IsProven,
        origin = verdict.Origin,
        older = new { size = verdict.Older.Size, root = verdict.Older.Root.ToBase64() },
        newer = new { size = verdict.Newer.Size, root = verdict.Newer.Root.ToBase64(), prefix_root = verdict.PrefixRoot?.ToBase64() },
        keys = verdict.Keys.Select(key => $"{key.Name}+{key.KeyId:x8}"),
        witnesses = verdict.Witnesses,
        failures = verdict.Failures,
    }));
}
