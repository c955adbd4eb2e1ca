using System.CommandLine;
using Cairn.Cli.Emit;
using Cairn.Cli.Operate;
using Cairn.Cli.Terminal;
using Cairn.Cli.Witnessing;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using Cairn.Ledger;
using Cairn.Sdk;
using Cairn.Witness.Monitoring;

namespace Cairn.Cli.Drills;

/// <summary>
/// <c>cairn drill fork</c>: an operator copies a ledger, lets both copies go on, and shows one to each of two readers. Three
/// real witnesses, in folders of their own, and two monitors see it; the proof is one that a third party verifies.
/// </summary>
internal static class ForkDrill
{
    public static Command Create()
    {
        var output = new Option<string>("--out", "-o") { Description = "Where the proof of the fork is written", HelpName = "FILE", DefaultValueFactory = _ => "fork-proof.json" };
        var command = new Command("fork", "Fork a ledger between two readers, and show it being caught with a proof that strangers verify") { output };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = Directory.CreateTempSubdirectory("cairn-drill-fork-").FullName;
            try
            {
                return await RunAsync(folder, Path.GetFullPath(parsed.GetRequiredValue(output)), Screen.Create(), cancel);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(string folder, string output, Screen screen, CancellationToken cancel)
    {
        var failures = new List<string>();
        var (first, second) = (Path.Combine(folder, "ledger"), Path.Combine(folder, "copy"));
        var directory = LedgerDirectory.OpenOrCreate(first);
        await using var witnesses = await DrillWitnesses.StartAsync(Path.Combine(folder, "witnesses"), directory, cancel);
        await File.WriteAllTextAsync(directory.WitnessPolicyPath, witnesses.Policy, cancel);
        var policy = TrustPolicy.Parse(KeysCommand.Policy(first));

        screen.Chapter(1, "A ledger and three witnesses; two of three must cosign");
        await RecordAsync(first, 5, cancel);
        Expect(await StandingAsync(first, screen, cancel), "the honest ledger's checkpoint has its quorum", failures);

        screen.Chapter(2, "The operator copies the ledger; both copies go on, each with another history");
        Copy(first, second);
        await RecordAsync(first, 2, cancel);
        screen.Say("the first, shown to reader one:");
        Expect(await StandingAsync(first, screen, cancel), "the first history has its quorum", failures);
        await RecordAsync(second, 4, cancel);
        screen.Say("the second, meant for reader two:");
        Expect(!await StandingAsync(second, screen, cancel), "no quorum of witnesses cosigned the second history", failures);

        screen.Chapter(3, "Reader one follows the ledger: all is well");
        Expect(!await LookAsync(first, policy, Path.Combine(folder, "reader-one"), screen, cancel), "reader one sees nothing wrong", failures);

        screen.Chapter(4, "Reader two is handed the second history all the same, published without its quorum");
        File.Copy(Path.Combine(LedgerDirectory.Open(second).WitnessingPath, "checkpoint"), Path.Combine(LedgerDirectory.Open(second).TilesPath, "checkpoint"), overwrite: true);
        Expect(await LookAsync(second, policy, Path.Combine(folder, "reader-two"), screen, cancel), "reader two raises the alarm", failures);

        screen.Chapter(5, "The proof goes to a third party, who has nothing but the ledger's keys");
        var proofs = Directory.Exists(Path.Combine(folder, "reader-two", "forks")) ? Directory.GetFiles(Path.Combine(folder, "reader-two", "forks")) : [];
        Expect(proofs.Length > 0, "reader two has a transferable proof", failures);
        Expect(witnesses.Proofs > 0, "a witness kept a proof of its own", failures);
        if (proofs.Length > 0)
        {
            File.Copy(proofs[0], output, overwrite: true);
            var verdict = ForkVerdict.Of(ForkProof.Parse(await File.ReadAllBytesAsync(output, cancel)), [.. policy.Log.Logs.Select(log => log.Key)], policy.Log.Witnesses);
            VerifyForkCommand.Print(screen, verdict);
            Expect(verdict.IsProven, "a third party finds the fork proven", failures);
            var keys = Path.ChangeExtension(output, ".policy");
            await File.WriteAllTextAsync(keys, policy.Encode(), cancel);
            screen.Say("");
            screen.Say($"The proof is in {output}; check it yourself: cairn verify-fork {output} --trust {keys}");
        }

        foreach (var failure in failures)
        {
            screen.Say($"NOT CAUGHT: {failure}");
        }

        screen.Say(failures.Count == 0 ? "caught: the fork was refused by the witnesses, raised by the reader, and proven to a stranger" : $"{failures.Count} of the drill's expectations failed");
        return failures.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static void Expect(bool holds, string what, List<string> failures)
    {
        if (!holds)
        {
            failures.Add(what);
        }
    }

    private static async Task RecordAsync(string data, int count, CancellationToken cancel)
    {
        await using var host = await EmitterHost.EmbeddedAsync(data, domain => SpiffeId.Parse($"spiffe://{domain}/gateway/drill"), "drill", cancel);
        for (var i = 0; i < count; i++)
        {
            await host.Emitter.EmitDurableAsync(
                new RecordDraft
                {
                    Kind = RecordKinds.GapDeclared,
                    Trace = TraceId.New(),
                    Span = SpanId.New(),
                    Actor = new Actor(host.Emitter.Issuer, $"drill:{Environment.ProcessId}", "drill"),
                    Body = json =>
                    {
                        json.WriteString("reason", "drill");
                        json.WriteNumber("count", 0);
                    },
                },
                cancel);
        }
    }

    private static async Task<bool> StandingAsync(string data, Screen screen, CancellationToken cancel)
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(data), new EmbeddedLedgerOptions { WitnessAfresh = true, WitnessPatience = TimeSpan.FromSeconds(3), Log = line => screen.Say($"  {line}") }, cancel);
        var standing = ledger.Standing(await ledger.WaitForCheckpointAsync(ledger.Count() - 1, TimeSpan.FromSeconds(20), cancel));
        screen.Say($"  size {standing.Size}: {standing}");
        return standing.IsMet;
    }

    private static async Task<bool> LookAsync(string data, TrustPolicy policy, string state, Screen screen, CancellationToken cancel)
    {
        using var source = LogSource.Open(data);
        using var monitor = LedgerMonitor.Open(source, new MonitorOptions { Policy = policy, StatePath = state, Grace = TimeSpan.Zero });
        var events = await monitor.LookAsync(cancel);
        foreach (var one in events)
        {
            screen.Say($"  {(one.IsAlarm ? "ALARM" : "ok   ")} {one.Code}: {one.Text}");
        }

        return events.Any(one => one.IsAlarm);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }
}
