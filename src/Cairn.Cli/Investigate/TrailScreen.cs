using Cairn.Cli.Terminal;
using Cairn.Evidence.Timestamps;
using Cairn.Trails;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary>A trail on the terminal.</summary>
internal static class TrailScreen
{
    private const int MostRows = 1000;

    public static void Print(Screen screen, Trail trail, IReadOnlyDictionary<long, IReadOnlyList<TimeBracket>> brackets)
    {
        var console = screen.Console;
        console.MarkupLineInterpolated($"[bold]Trail {trail.Trace}[/]  {trail.Started.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, {Duration(trail.Ended - trail.Started)}, {trail.Records.Count} records, {trail.Status}");
        When(console, trail, brackets);
        console.WriteLine();
        Who(console, trail);
        Context(console, trail);
        Tools(console, trail);
        Authority(console, trail);
        Changes(console, trail);
        console.Write(DelegationTree.Draw(trail));
        console.WriteLine();
        Timeline(console, trail);
        Open(console, trail);
    }

    /// <summary>Between which times all of it was made, by whose word.</summary>
    private static void When(IAnsiConsole console, Trail trail, IReadOnlyDictionary<long, IReadOnlyList<TimeBracket>> brackets)
    {
        var statements = trail.Records.Select(record => record.Statement).Distinct().ToList();
        foreach (var source in Enum.GetValues<TimeSource>())
        {
            var all = statements.Select(index => brackets.GetValueOrDefault(index)?.FirstOrDefault(bracket => bracket.By == source) ?? new TimeBracket(source, null, null));
            if (all.Aggregate((one, other) => one.Around(other)) is { } bracket && (bracket.NotBefore is not null || bracket.NotAfter is not null))
            {
                Line(console, $"{bracket}");
            }
        }
    }

    private static void Who(IAnsiConsole console, Trail trail)
    {
        console.MarkupLine("[bold]Who[/]");
        if (trail.Root is not { } root)
        {
            console.MarkupLine("  [yellow]no record of what started it[/]");
            return;
        }

        Line(console, $"started by {root.Initiation.Principal} ({root.Initiation.Authenticated}) over {root.Initiation.Channel}; accountable: {root.Initiation.Owner}");
        foreach (var agent in trail.Records.GroupBy(record => record.Record.Actor.Id))
        {
            var by = agent.Select(record => record.IsSelfReported ? "itself" : record.Issuer.ToString()).Distinct();
            Line(console, $"{agent.Key}: {agent.Count()} records, recorded by {string.Join(" and ", by)}");
        }

        foreach (var delegation in trail.Delegations)
        {
            Line(console, $"{delegation.From} delegated to {delegation.To}: {delegation.Purpose} ({string.Join(", ", delegation.Scope)})");
        }
    }

    private static void Context(IAnsiConsole console, Trail trail)
    {
        console.MarkupLine("[bold]Context[/]");
        foreach (var context in trail.Contexts.DistinctBy(context => (context.Subject, context.Name, context.Digest, context.Changed)))
        {
            var parts = new[]
            {
                context.Name,
                context.Tools is { } tools ? $"{tools} tools" : null,
                context.Digest is { } digest ? digest[..Math.Min(digest.Length, 23)] + "…" : null,
                context.Changed ? "CHANGED in mid-run" : null,
            };
            Line(console, $"{context.Subject}: {string.Join(", ", parts.Where(part => part is not null))}");
        }
    }

    private static void Tools(IAnsiConsole console, Trail trail)
    {
        console.MarkupLine("[bold]Tools[/]");
        foreach (var tool in trail.Actions.GroupBy(action => (action.Resource, action.Type)))
        {
            var outcomes = string.Join(", ", tool.GroupBy(action => action.Status ?? "open").Select(group => $"{group.Count()} {group.Key}"));
            Line(console, $"{tool.Key.Type} {tool.Key.Resource}: {outcomes}");
        }
    }

    private static void Authority(IAnsiConsole console, Trail trail)
    {
        var lines = AuthorityScreen.Lines(trail).ToList();
        if (lines.Count > 0)
        {
            console.MarkupLine("[bold]Authority[/]");
            lines.ForEach(line => Line(console, line));
        }
    }

    private static void Changes(IAnsiConsole console, Trail trail)
    {
        console.MarkupLine("[bold]What changed[/]");
        var writes = trail.Actions.Where(action => action.Writes == true && action.Status == "ok").ToList();
        foreach (var write in writes)
        {
            Line(console, $"{write.ShortResource} by {write.Actor.Id.Path} at {write.Requested.UtcDateTime:HH:mm:ss.fff} (record {write.Request})");
        }

        var looked = trail.Actions.Where(action => action.Files is not null).ToList();
        foreach (var line in looked.SelectMany(ChangedFiles.Lines))
        {
            Line(console, line);
        }

        var unknown = trail.Actions.Count(action => action.Writes is null && action.Status == "ok" && action.Files is null);
        if (writes.Count == 0 && looked.Count == 0)
        {
            Line(console, "no action that its tool declares as writing");
        }

        if (unknown > 0)
        {
            Line(console, $"{unknown} actions by tools that do not say whether they write");
        }

        console.WriteLine();
    }

    private static void Timeline(IAnsiConsole console, Trail trail)
    {
        var table = new Table().Border(TableBorder.Simple).Title("Timeline", new Style(decoration: Decoration.Bold));
        table.AddColumn(new TableColumn("after").RightAligned());
        table.AddColumns("agent", "what", "outcome");
        table.AddColumn(new TableColumn("took").RightAligned());
        table.AddColumn("record");
        foreach (var entry in trail.Records.Take(MostRows))
        {
            if (Row(entry, trail) is { } row)
            {
                table.AddRow(
                    new Text(Duration(entry.Record.Time - trail.Started)),
                    new Text(entry.Record.Actor.Id.Path.Split('/')[^1]),
                    new Text(row.What),
                    new Text(row.Outcome, Colour(row.Outcome)),
                    new Text(row.Took is { } took ? Duration(took) : ""),
                    new Text(entry.Record.Id.ToString()));
            }
        }

        console.Write(table);
        if (trail.Records.Count > MostRows)
        {
            Line(console, $"the first {MostRows} of {trail.Records.Count} records; --output json has all");
        }
    }

    /// <summary>A record in one row of the timeline; null: another row tells of it.</summary>
    public static (string What, string Outcome, TimeSpan? Took)? Row(TrailRecord entry, Trail trail)
    {
        var record = entry.Record;
        if (trail.Find.Action(record.Id) is { } action)
        {
            return ($"{action.Type} {action.ShortResource}", action.Status ?? "open", action.Duration);
        }

        if (AuthorityScreen.Row(trail, record.Id) is { } authority)
        {
            return (authority.What, authority.Outcome, null);
        }

        return record.Kind switch
        {
            Evidence.Records.RecordKinds.ActionCompleted => null,
            Evidence.Records.RecordKinds.ContextCaptured => ($"{record.Kind} {trail.Find.ContextSubject(record.Id)}", "", null),
            _ => (record.Kind, "", null),
        };
    }

    private static void Open(IAnsiConsole console, Trail trail)
    {
        foreach (var gap in trail.Gaps)
        {
            console.MarkupLineInterpolated($"[yellow]gap declared[/] {gap.Reason}: {gap.Count} ({gap.Detail})");
        }

        foreach (var open in trail.Open)
        {
            console.MarkupLineInterpolated($"[yellow]open[/] {open}");
        }
    }

    private static void Line(IAnsiConsole console, string text) => console.Write(new Padder(new Text(text), new Padding(2, 0, 0, 0)));

    private static Style Colour(string outcome) => outcome switch
    {
        "ok" or "" or "allow" or "approved" => Style.Plain,
        "open" or "cancelled" or "accepted" or "needs_approval" => new Style(Color.Yellow),
        _ => new Style(Color.Red),
    };

    /// <summary>A length of time as people read it.</summary>
    public static string Duration(TimeSpan span) => span.TotalSeconds switch
    {
        < 1 => $"{span.TotalMilliseconds:0.0} ms",
        < 120 => $"{span.TotalSeconds:0.00} s",
        _ => $"{(int)span.TotalMinutes} min",
    };
}
