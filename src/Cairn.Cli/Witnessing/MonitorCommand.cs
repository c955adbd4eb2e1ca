using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Trust;
using Cairn.Witness.Monitoring;
using Spectre.Console;

namespace Cairn.Cli.Witnessing;

/// <summary><c>cairn monitor SOURCE</c>: follows a ledger as somebody who does not trust it.</summary>
internal static class MonitorCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "The ledger: its URL, its static log's folder, or a data directory" };
        var policy = new Option<string>("--policy", "-p") { Description = "Whom to trust: what `cairn keys` prints, with witness lines and their URLs", HelpName = "FILE", Required = true };
        var state = new Option<string?>("--state") { Description = "Where the monitor remembers what it saw; default: a folder for the ledger below $XDG_STATE_HOME/cairn", HelpName = "DIR" };
        var once = new Option<bool>("--once") { Description = "Look once and end" };
        var every = new Option<double>("--every") { Description = "Seconds between looks", HelpName = "SECONDS", DefaultValueFactory = _ => 10 };
        var grace = new Option<double>("--grace") { Description = "How long what was acknowledged or cosigned may stay out of view, in seconds", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
        var acknowledged = new Option<string?>("--acknowledged") { Description = "Acknowledgements that an emitter kept, one JSON object a line: stream, seq, index", HelpName = "FILE" };
        var spool = new Option<string[]>("--spool") { Description = "An emitter's spool on this machine: what has gone from it was acknowledged", HelpName = "DIR" };
        var emitters = new Option<string[]>("--emitter") { Description = "A SPIFFE ID of one's own: its streams are listed, and none is an alarm", HelpName = "ID" };
        var output = OutputOption.Create();
        var command = new Command("monitor", "Follow a ledger and raise split views, rollbacks and missing statements") { source, policy, state, once, every, grace, acknowledged, spool, emitters, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var trust = await TrustFile.ReadAsync(parsed.GetRequiredValue(policy), cancel);
            var options = new MonitorOptions
            {
                StatePath = Path.GetFullPath(parsed.GetValue(state) ?? DefaultState(trust)),
                Policy = trust,
                Grace = TimeSpan.FromSeconds(parsed.GetValue(grace)),
                Acknowledged = parsed.GetValue(acknowledged) is { } file ? Acknowledged.ReadLines(await File.ReadAllLinesAsync(file, cancel)) : [],
                Spools = parsed.GetValue(spool) ?? [],
                Emitters = [.. (parsed.GetValue(emitters) ?? []).Select(SpiffeId.Parse)],
            };
            using var log = LogSource.Open(parsed.GetRequiredValue(source), Environment.GetEnvironmentVariable("CAIRN_READ_TOKEN") is { Length: > 0 } token ? token : null);
            using var monitor = LedgerMonitor.Open(log, options);
            return await RunAsync(monitor, parsed.GetValue(once), TimeSpan.FromSeconds(parsed.GetValue(every)), parsed.IsJson(output), cancel);
        });
        return command;
    }

    private static string DefaultState(TrustPolicy policy) =>
        Path.Combine(DataOption.State(), "monitor", Evidence.Witnessing.OriginHash.Of(policy.Log.Logs is [var first, ..] ? first.Key.Name : "")[..16]);

    private static async Task<int> RunAsync(LedgerMonitor monitor, bool once, TimeSpan every, bool json, CancellationToken cancel)
    {
        var screen = Screen.Create();
        var alarmed = false;
        var last = "";
        while (true)
        {
            IReadOnlyList<MonitorEvent> events;
            try
            {
                events = await monitor.LookAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested && !once)
            {
                return alarmed ? ExitCode.CheckFailed : ExitCode.Done;
            }

            foreach (var one in events)
            {
                alarmed |= one.IsAlarm;
                if (!json && !once && one.Code == MonitorCodes.Unchanged && last == MonitorCodes.Unchanged)
                {
                    continue; // said once, not every ten seconds
                }

                last = one.Code;
                Print(screen, one, json);
            }

            if (once)
            {
                return alarmed ? ExitCode.CheckFailed : ExitCode.Done;
            }

            await Task.Delay(every, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancel.IsCancellationRequested)
            {
                return alarmed ? ExitCode.CheckFailed : ExitCode.Done;
            }
        }
    }

    private static void Print(Screen screen, MonitorEvent one, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { time = DateTimeOffset.UtcNow, alarm = one.IsAlarm, code = one.Code, size = one.Size, text = one.Text, proof = one.Proof }));
            Console.Out.Flush();
            return;
        }

        screen.Console.MarkupLine($"{DateTimeOffset.UtcNow:HH:mm:ss}Z {(one.IsAlarm ? "[red]ALARM[/]" : "ok   ")} {one.Code,-17} {Markup.Escape(one.Text)}");
        if (one.Proof is { } proof)
        {
            screen.Console.MarkupLineInterpolated($"                → proof: {proof}   (anyone can check it: cairn verify-fork {proof} --trust POLICY)");
        }
    }
}
