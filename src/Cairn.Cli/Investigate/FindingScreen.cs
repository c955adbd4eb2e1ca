using Cairn.Cli.Terminal;
using Cairn.Trails.Findings;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary>Findings on the terminal: worst first.</summary>
internal static class FindingScreen
{
    private const int MostRows = 200;

    public static void Print(Screen screen, IReadOnlyList<Finding> findings, long settled)
    {
        if (findings.Count > 0)
        {
            var table = new Table().Border(TableBorder.Simple);
            table.AddColumns("severity", "rule", "trail", "finding", "record");
            foreach (var finding in findings.OrderByDescending(finding => finding.Severity).Take(MostRows))
            {
                table.AddRow(
                    new Text(Name(finding.Severity), Colour(finding.Severity)),
                    new Text(finding.Rule),
                    new Text(finding.Trace.ToString()[..8]),
                    new Text(finding.Message),
                    new Text(finding.Records.Count == 1 ? finding.Records[0].ToString() : $"{finding.Records[0]} and {finding.Records.Count - 1} more"));
            }

            screen.Console.Write(table);
        }

        var counts = findings.GroupBy(finding => finding.Severity).OrderByDescending(group => group.Key).Select(group => $"{group.Count()} {Name(group.Key)}");
        screen.Say(findings.Count == 0 ? "no findings" : $"{findings.Count} findings: {string.Join(", ", counts)}");
        if (findings.Count > MostRows)
        {
            Console.Error.WriteLine($"the worst {MostRows} are shown; --output json has all");
        }

        if (settled > 0)
        {
            Console.Error.WriteLine($"{settled} findings of before are settled by records that came later");
        }
    }

    public static string Name(Severity severity) => severity.ToString().ToLowerInvariant();

    private static Style Colour(Severity severity) => severity switch
    {
        Severity.Low => new Style(decoration: Decoration.Dim),
        Severity.Medium => new Style(Color.Yellow),
        _ => new Style(Color.Red, decoration: Decoration.Bold),
    };
}
