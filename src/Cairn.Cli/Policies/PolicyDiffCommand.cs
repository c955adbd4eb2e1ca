using System.CommandLine;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Spectre.Console;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy diff BUNDLE</c>: what would have been decided otherwise.</summary>
internal static class PolicyDiffCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var command = new Command("diff", "Decide all recorded history anew under a bundle, and show what comes out otherwise (exit code 1 if anything does)") { bundle, data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = DataOption.Resolve(parsed.GetValue(data));
            var named = NamedBundle.Read(parsed.GetRequiredValue(bundle), folder);
            var loaded = named.Load();
            await using var open = await OpenLedger.ReadAsync(folder, sequence: false, cancel);
            var report = await WhatIf.RunAsync(loaded, CedarModule.Shared, DecisionHistory.ReadAsync(open, cancel), cancel);
            if (parsed.IsJson(output))
            {
                WriteJson(loaded.Digest, report);
            }
            else
            {
                Print(report);
            }

            return report.Changes.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static void Print(WhatIfReport report)
    {
        if (report.Changes.Count > 0)
        {
            var table = new Table().Border(TableBorder.Simple);
            table.AddColumns("decisions", "agent", "action", "was", "becomes", "why", "first record");
            foreach (var (change, count, first) in report.Changes)
            {
                table.AddRow(
                    new Text($"{count}"), new Text(Short(change.Agent)), new Text(Named(change)), new Text(OutcomeNames.Of(change.Was)),
                    new Text(OutcomeNames.Of(change.Becomes)), new Text(change.Reason), new Text(first));
            }

            Screen.Create().Console.Write(table);
        }

        Console.Out.WriteLine($"{report.Decisions} decisions: {report.Changes.Sum(c => c.Count)} would be others, {report.Recomputed - report.Changes.Sum(c => c.Count)} the same, {report.Decisions - report.Recomputed} could not be recomputed");
        foreach (var (reason, count) in report.NotRecomputed)
        {
            Console.Out.WriteLine($"  {count}: {reason}");
        }
    }

    private static string Short(string agent) => SpiffeId.TryParse(agent, out var id) && id.Path.Length > 0 ? id.Path[1..] : agent;

    private static string Named(WhatIfChange change) => $"{change.Action} {(change.Server.Length > 0 ? change.Server + "/" : "")}{change.Name}";

    private static void WriteJson(Digest bundle, WhatIfReport report) => JsonOutput.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("bundle", $"sha256:{bundle}");
        json.WriteNumber("decisions", report.Decisions);
        json.WriteNumber("recomputed", report.Recomputed);
        json.WriteNumber("changed", report.Changes.Sum(c => c.Count));
        json.WriteStartArray("changes");
        foreach (var (change, count, first) in report.Changes)
        {
            json.WriteStartObject();
            json.WriteNumber("count", count);
            json.WriteString("agent", change.Agent);
            json.WriteString("action", change.Action);
            json.WriteString("server", change.Server);
            json.WriteString("name", change.Name);
            json.WriteString("was", OutcomeNames.Of(change.Was));
            json.WriteString("becomes", OutcomeNames.Of(change.Becomes));
            json.WriteString("reason", change.Reason);
            json.WriteString("first_record", first);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("not_recomputed");
        foreach (var (reason, count) in report.NotRecomputed)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });
}
