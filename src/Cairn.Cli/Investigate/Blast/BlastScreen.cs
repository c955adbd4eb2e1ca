using Cairn.Cli.Terminal;
using Cairn.Trails.Compromises;
using Spectre.Console;

namespace Cairn.Cli.Investigate.Blast;

/// <summary>A compromise's reach on the terminal: the sum first, then what was reached, by trail.</summary>
internal static class BlastScreen
{
    private const int MostRows = 30;
    private const int MostInTrail = 12;

    public static void Print(Screen screen, BlastReport report)
    {
        var compromise = report.Compromise;
        if (report.Trails == 0)
        {
            screen.Say($"no record from {compromise.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC on speaks of the {compromise.Kind.ToString().ToLowerInvariant()} {Screen.Plain(compromise.Id)}");
        }

        screen.Say($"If the {compromise.Kind.ToString().ToLowerInvariant()} {compromise.Id} is bad since {compromise.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        screen.Say("");
        var (actions, effects) = (report.Impacts.SelectMany(impact => impact.Actions).ToList(), report.Impacts.Sum(impact => impact.Effects.Count));
        screen.Say($"  trails         {report.Impacts.Count} of {report.Trails} looked at");
        screen.Say($"  actions        {actions.Count}: {actions.Count(action => action.WasDone)} done, of these {actions.Count(action => action.WasDone && action.Writes != false)} that may have changed something; {actions.Count(action => !action.WasDone && action.Status is not null)} refused or cancelled; {actions.Count(action => action.Status is null)} open");
        screen.Say($"  effects        {effects} told by the targets' own logs");
        screen.Say($"  agents         {Listed(report.Agents.Select(agent => agent.Path.TrimStart('/')))}");
        screen.Say($"  delegations    {report.Impacts.Sum(impact => impact.Delegations.Count)}");
        screen.Say($"  credentials    {Listed(report.Credentials.Select(credential => credential.Id))}");
        var decisions = report.Impacts.SelectMany(impact => impact.Decisions).GroupBy(decision => decision.Outcome).Select(group => $"{group.Count()} {group.Key}").ToList();
        if (decisions.Count > 0)
        {
            screen.Say($"  decisions      {string.Join(", ", decisions)}");
        }

        Proofs(screen, report);
        Resources(screen, report);
        Credentials(screen, report);
        foreach (var impact in report.Impacts.Take(MostRows))
        {
            screen.Console.Write(TreeOf(impact));
        }

        if (report.Impacts.Count > MostRows)
        {
            screen.Say($"… and {report.Impacts.Count - MostRows} more trails; --output json has all");
        }

        screen.Say("");
        screen.Say("Limits");
        foreach (var limit in BlastWords.Limits(report))
        {
            screen.Say($"- {limit}");
        }
    }

    private static void Proofs(Screen screen, BlastReport report)
    {
        screen.Say("");
        screen.Say("Proofs");
        foreach (var (standing, count) in report.Proofs.OrderBy(proof => proof.Key))
        {
            screen.Say($"  {count} records downstream {BlastWords.Of(standing)}");
        }

        if (report.Standing.BadEmitters.Count > 0)
        {
            screen.Say($"  of all records signed by {string.Join(", ", report.Standing.BadEmitters)}: {(report.SignedByBad.Count == 0 ? "there are none" : "")}");
            foreach (var (standing, count) in report.SignedByBad.OrderBy(proof => proof.Key))
            {
                screen.Say($"    {count} {BlastWords.Of(standing)}");
            }

            screen.Say(report.Standing.Anchor is { } anchor
                ? $"  the largest checkpoint from before covers {anchor.Size} statements, at {anchor.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by the word of {anchor.By}"
                : "  no checkpoint from before is known");
        }
    }

    private static void Resources(Screen screen, BlastReport report)
    {
        if (report.Resources.Count == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("resource", "actions", "may have changed it", "confirmed effects");
        foreach (var resource in report.Resources.Take(MostRows))
        {
            table.AddRow(new Text(Screen.Plain(resource.Resource)), new Text($"{resource.Acts}"), new Text($"{resource.Writes}"), new Text($"{resource.Confirmed}"));
        }

        screen.Console.Write(table);
        if (report.Resources.Count > MostRows)
        {
            screen.Say($"… and {report.Resources.Count - MostRows} more resources; --output json has all");
        }
    }

    private static void Credentials(Screen screen, BlastReport report)
    {
        if (report.Credentials.Count == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("credential", "suspect since (UTC)", "because");
        foreach (var credential in report.Credentials.Take(MostRows))
        {
            table.AddRow(new Text(Screen.Plain(credential.Id)), new Text($"{credential.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss}"), new Text(Screen.Plain(credential.Why)));
        }

        screen.Console.Write(table);
    }

    private static Tree TreeOf(TrailImpact impact)
    {
        var tree = new Tree(new Text($"trail {impact.Trail.Trace.ToString()[..12]}  asked for by {Screen.Plain(impact.Trail.Root?.Initiation.Principal ?? "nobody that is recorded")}"));
        foreach (var group in impact.Records.GroupBy(record => record.Why))
        {
            var node = tree.AddNode(new Text(Screen.Plain(group.Key)));
            foreach (var record in group.Take(MostInTrail))
            {
                node.AddNode(new Text($"{record.Time.UtcDateTime:HH:mm:ss.fff} {Screen.Plain(record.What)}  {record.Record}"));
            }

            if (group.Count() > MostInTrail)
            {
                node.AddNode(new Text($"… and {group.Count() - MostInTrail} more"));
            }
        }

        return tree;
    }

    private static string Listed(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count == 0 ? "none" : all.Count <= 6 ? $"{all.Count}: {Screen.Plain(string.Join(", ", all))}" : $"{all.Count}: {Screen.Plain(string.Join(", ", all.Take(6)))} …";
    }
}
