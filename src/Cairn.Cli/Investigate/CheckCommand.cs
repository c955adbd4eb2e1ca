using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Trails.Bundles;
using Cairn.Trails.Findings;
using Microsoft.Data.Sqlite;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn check</c>: what is wrong, by the rules of docs/findings.md, in a ledger, a trail or a bundle.</summary>
internal static class CheckCommand
{
    private const string Never = "never";

    public static Command Create()
    {
        var data = DataOption.Create();
        var trace = new Argument<string?>("trace") { Description = "A trace id, or the start of one; without it, all trails", Arity = ArgumentArity.ZeroOrOne };
        var bundle = new Option<string?>("--bundle") { Description = "Check this bundle, and no ledger", HelpName = "FILE" };
        var trust = new Option<string?>("--trust", "-t") { Description = "The trust policy for the bundle, received by another way", HelpName = "POLICY" };
        var since = new Option<string?>("--since") { Description = "Only trails with a record since then: a time, or how long ago (24h, 7d)", HelpName = "TIME" };
        var rule = new Option<string[]>("--rule") { Description = "Only this rule or group; may be given several times", HelpName = "ID", AllowMultipleArgumentsPerToken = false };
        var egress = new Option<string[]>("--egress") { Description = "A host that agents may reach, exact or *.example.org; may be given several times", HelpName = "HOST" };
        var grown = new Option<int>("--grown") { Description = "Check a trail of the ledger again only when it has grown by so many percent since; for jobs that run often", HelpName = "PERCENT", DefaultValueFactory = _ => 0 };
        grown.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0)
            {
                result.AddError("--grown takes a number of percent from 0");
            }
        });
        var failOn = new Option<string>("--fail-on") { Description = "Exit 1 when a finding is at least this severe: low, medium, high, critical, or never", HelpName = "SEVERITY", DefaultValueFactory = _ => "high" };
        failOn.AcceptOnlyFromAmong("low", "medium", "high", "critical", Never);
        var output = new Option<string>("--output") { Description = "table, json or sarif (2.1.0)", HelpName = "table|json|sarif", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json", "sarif");
        var command = new Command("check", "Look for what is wrong in trails: lineage, authority, credentials, environment, evidence") { trace, bundle, trust, since, rule, egress, grown, failOn, output, data };
        command.SetAction((parsed, cancel) => RunAsync(
            new CheckRequest(DataOption.Resolve(parsed.GetValue(data)), parsed.GetValue(trace), parsed.GetValue(bundle), parsed.GetValue(trust))
            {
                Since = parsed.GetValue(since) is { } text ? TimeText.Parse(text, DateTimeOffset.UtcNow) : null,
                Rules = parsed.GetValue(rule) ?? [],
                Egress = parsed.GetValue(egress) is { Length: > 0 } hosts ? hosts : null,
                Grown = parsed.GetValue(grown),
                FailOn = parsed.GetValue(failOn)!,
                Output = parsed.GetValue(output)!,
            },
            Screen.Create(), cancel));
        return command;
    }

    public static async Task<int> RunAsync(CheckRequest request, Screen screen, CancellationToken cancel)
    {
        var rules = RulesOf(request.Rules);
        var (all, settled) = request.Bundle is { } bundle ? (await OfBundleAsync(request, bundle, cancel), 0) : await OfLedgerAsync(request, cancel);
        if (all is null)
        {
            return ExitCode.CheckFailed;
        }

        var findings = all.Where(finding => rules.Contains(finding.Rule)).ToList();
        switch (request.Output)
        {
            case "json":
                await using (var stdout = Console.OpenStandardOutput())
                {
                    FindingJson.Write(stdout, findings, settled, rules.Count);
                }

                break;
            case "sarif":
                await using (var stdout = Console.OpenStandardOutput())
                {
                    FindingSarif.Write(stdout, findings);
                }

                break;
            default:
                FindingScreen.Print(screen, findings, settled);
                break;
        }

        return request.FailOn != Never && findings.Any(finding => finding.Severity >= Enum.Parse<Severity>(request.FailOn, ignoreCase: true)) ? ExitCode.CheckFailed : ExitCode.Done;
    }

    private static HashSet<string> RulesOf(IReadOnlyList<string> selected)
    {
        if (selected.Count == 0)
        {
            return [.. RuleCatalogue.All.Select(rule => rule.Id)];
        }

        return [.. selected.SelectMany(text => RuleCatalogue.Select(text) is { Count: > 0 } found ? found
            : throw new CliException($"there is no rule or group \"{text}\": groups are {string.Join(", ", RuleCatalogue.All.Select(rule => rule.Group).Distinct())}; docs/findings.md lists the rules")).Select(rule => rule.Id)];
    }

    private static async Task<IReadOnlyList<Finding>?> OfBundleAsync(CheckRequest request, string bundle, CancellationToken cancel)
    {
        if (request.Grown > 0)
        {
            throw new CliException("--grown is for a ledger; a bundle is checked whole");
        }

        if (request.Trace is not null)
        {
            throw new CliException("a bundle holds one trail: give --bundle or a trace id, not both");
        }

        if (!File.Exists(bundle))
        {
            throw new CliException($"there is no bundle at {Path.GetFullPath(bundle)}", "cairn export TRACE -o FILE");
        }

        var policy = request.Trust is null ? null : await TrustFile.ReadAsync(request.Trust, cancel);
        await using var file = new FileStream(bundle, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        var (report, trail) = BundleTrail.Read(file, policy, cancel);
        if (trail is null)
        {
            Console.Error.WriteLine($"cairn: the bundle is not checked, because its integrity does not hold: {report.Integrity.FailureCount} failures. Try: cairn verify {bundle}");
            return null;
        }

        if (policy is null)
        {
            Console.Error.WriteLine("cairn: no --trust policy was given: the bundle vouched for itself, and its emitters are not judged");
        }

        return request.Since > trail.Ended ? [] : [.. RuleCatalogue.Check(new TrailCase(trail, null, new CheckOptions { EgressHosts = request.Egress, Trust = policy }))];
    }

    private static async Task<(IReadOnlyList<Finding>? Findings, long Settled)> OfLedgerAsync(CheckRequest request, CancellationToken cancel)
    {
        if (request.Trust is not null)
        {
            throw new CliException("--trust is for a bundle; a ledger is checked by its own policy");
        }

        await using var open = await OpenLedger.ReadAsync(request.Data, sequence: false, cancel);
        var trace = request.Trace is null ? (TraceId?)null : open.Resolve(request.Trace);
        try
        {
            using var index = FindingIndex.Open(open.Ledger, open.Directory, new CheckOptions { EgressHosts = request.Egress, Trust = open.Directory.TrustPolicy() });
            await index.CatchUpAsync(request.Grown / 100.0, cancel);
            if (index.Waiting is > 0 and var waiting)
            {
                Console.Error.WriteLine($"cairn: trails that grew by less than {request.Grown} % since they were checked, so that their newest records are not judged yet: {waiting}. All of them: cairn check");
            }

            return (index.Findings(trace, request.Since), index.Settled(trace));
        }
        catch (SqliteException problem)
        {
            throw new CliException($"the index {open.Directory.IndexPath} can't be used: {problem.Message}. It holds nothing of its own: delete it, and it is made anew", $"rm {open.Directory.IndexPath}");
        }
    }
}

/// <summary>What to check, and how to tell.</summary>
/// <param name="Data">The data directory.</param>
/// <param name="Trace">The trail; null: all.</param>
/// <param name="Bundle">The bundle; null: the ledger.</param>
/// <param name="Trust">The bundle's trust policy.</param>
internal sealed record CheckRequest(string Data, string? Trace, string? Bundle, string? Trust)
{
    public DateTimeOffset? Since { get; init; }

    public IReadOnlyList<string> Rules { get; init; } = [];

    public IReadOnlyList<string>? Egress { get; init; }

    /// <summary>By how many percent a trail must have grown to be checked again.</summary>
    public int Grown { get; init; }

    public string FailOn { get; init; } = "high";

    public string Output { get; init; } = "table";
}
