using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Policy.Checking;
using Spectre.Console;

namespace Cairn.Cli.Policies;

/// <summary>What another bundle would have decided, for people and for programs.</summary>
internal static class WhatIfScreen
{
    /// <summary>Shows a report; 1 when anything would be decided otherwise.</summary>
    public static int Show(Digest bundle, WhatIfReport report, bool json)
    {
        if (json)
        {
            WriteJson(bundle, report);
        }
        else
        {
            Print(report);
        }

        return report.Changes.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
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
                    new Text($"{count}"), new Text(Short(change.Agent)), new Text(change.Tool), new Text(OutcomeNames.Of(change.Was)),
                    new Text(OutcomeNames.Of(change.Becomes)), new Text(change.Reason), new Text(first));
            }

            var console = Screen.Create().Console;
            console.Write(table);
            Print(console, "agent", report.ByAgent, Short);
            Print(console, "tool", report.ByTool, name => name);
            Print(console, "policy", report.ByPolicy, name => name);
        }

        Console.Out.WriteLine($"{report.Decisions} decisions: {report.Changes.Sum(c => c.Count)} would be others, {report.Recomputed - report.Changes.Sum(c => c.Count)} the same, {report.Decisions - report.Recomputed} could not be recomputed");
        foreach (var (reason, count) in report.NotRecomputed)
        {
            Console.Out.WriteLine($"  {count}: {reason}");
        }
    }

    private static string Short(string agent) => SpiffeId.TryParse(agent, out var id) && id.Path.Length > 0 ? id.Path[1..] : agent;

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
            json.WriteString("was_by", change.WasBy);
            json.WriteString("becomes_by", change.BecomesBy);
            json.WriteString("first_record", first);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteGroups(json, "by_agent", report.ByAgent);
        WriteGroups(json, "by_tool", report.ByTool);
        WriteGroups(json, "by_policy", report.ByPolicy);
        json.WriteStartObject("not_recomputed");
        foreach (var (reason, count) in report.NotRecomputed)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void Print(IAnsiConsole console, string what, IReadOnlyList<WhatIfGroup> groups, Func<string, string> name)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns($"by {what}", "decisions that would be others");
        foreach (var group in groups)
        {
            table.AddRow(new Text(name(group.Name)), new Text(string.Join(", ", group.Changes.Select(change => $"{change.Count} {OutcomeNames.Of(change.Was)} → {OutcomeNames.Of(change.Becomes)}"))));
        }

        console.Write(table);
    }

    private static void WriteGroups(Utf8JsonWriter json, string name, IReadOnlyList<WhatIfGroup> groups)
    {
        json.WriteStartArray(name);
        foreach (var group in groups)
        {
            json.WriteStartObject();
            json.WriteString("name", group.Name);
            json.WriteStartArray("changes");
            foreach (var (was, becomes, count) in group.Changes)
            {
                json.WriteStartObject();
                json.WriteString("was", OutcomeNames.Of(was));
                json.WriteString("becomes", OutcomeNames.Of(becomes));
                json.WriteNumber("count", count);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
