using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Ledger;
using Cairn.Trails.Findings;
using Cairn.Trails.Index;

namespace Cairn.Cli.Investigate.Find;

/// <summary>The conditions that <c>cairn find</c> takes: an option for each field, given once or several times.</summary>
internal sealed class FindConditions
{
    private const string Finding = "finding";
    private const string Trace = "trace";

    private static readonly (string Name, RecordField? Field, string Value, string Description)[] Known =
    [
        ("agent", RecordField.Agent, "ID", "Who acted: a SPIFFE ID, or the end of its path"),
        ("owner", RecordField.Owner, "OWNER", "The accountable owner"),
        ("person", RecordField.Person, "NAME", "Who asked, approved, or is acted for"),
        ("tool", RecordField.Tool, "NAME", "The tool that was called"),
        ("resource", RecordField.Resource, "URI", "What was acted upon, or changed"),
        ("type", RecordField.Type, "TYPE", "The action's type, such as tool.call or process.exec"),
        ("credential", RecordField.Credential, "ID", "A credential's public id"),
        ("decision", RecordField.Decision, "DECISION", "allow, deny, needs_approval; approved, denied, expired, withdrawn"),
        ("status", RecordField.Status, "STATUS", "ok, tool_error, refused, lost, done, failed …"),
        ("kind", RecordField.Kind, "KIND", "The record's kind, such as action.requested"),
        ("attribute", RecordField.Attribute, "NAME=VALUE", "An attribute, or its name alone"),
        ("policy", RecordField.Policy, "ID", "A bundle's digest, version or name, or the policy that decided"),
        ("emitter", RecordField.Emitter, "ID", "Who signed: a SPIFFE ID, or the end of its path"),
        ("key", RecordField.Key, "THUMBPRINT", "A key that a credential is bound to, or that was enrolled or rotated"),
        ("digest", RecordField.Digest, "SHA256", "A digest that a record tells, as sha256:…"),
        (Trace, RecordField.Trace, "TRACE", "A trail: its trace id or the start of it"),
        (Finding, null, "RULE", "What a finding rests on: a rule or a group, as cairn check names them"),
    ];

    private readonly Dictionary<string, Option<string[]>> _options = Known.ToDictionary(
        known => known.Name, known => new Option<string[]>($"--{known.Name}") { Description = known.Description, HelpName = known.Value, AllowMultipleArgumentsPerToken = false });

    public Option<string?> Since { get; } = new("--since") { Description = "From then on: a time, or how long ago (2h, 3d)", HelpName = "TIME" };

    public Option<string?> Until { get; } = new("--until") { Description = "Up to then", HelpName = "TIME" };

    public IEnumerable<Option> Options => _options.Values.Cast<Option>().Prepend(Until).Prepend(Since);

    /// <summary>What was typed.</summary>
    public QueryText Read(ParseResult parsed) => new(
        parsed.GetValue(Since), parsed.GetValue(Until),
        _options.Select(option => (option.Key, Values: parsed.GetValue(option.Value) ?? [])).Where(given => given.Values.Length > 0).ToDictionary(given => given.Key, given => given.Values));

    /// <summary>What is looked for in a ledger.</summary>
    /// <exception cref="CliException">A time, a trail or a rule is none.</exception>
    public static async Task<RecordQuery> QueryAsync(QueryText text, OpenLedger open, DateTimeOffset now, CancellationToken cancel)
    {
        var filters = new List<RecordFilter>();
        foreach (var (name, values) in text.Conditions)
        {
            if (Known.FirstOrDefault(known => known.Name == name) is not { Name: not null } known)
            {
                throw new CliException($"there is no condition \"{name}\"", "cairn find --help");
            }

            if (known.Field is { } field)
            {
                filters.Add(new RecordFilter(field, name == Trace ? [.. values.Select(value => open.Resolve(value).ToString())] : values));
            }
        }

        var query = new RecordQuery
        {
            Filters = filters,
            Since = text.Since is null ? null : TimeText.Parse(text.Since, now),
            Until = text.Until is null ? null : TimeText.Parse(text.Until, now),
        };
        return text.Conditions.TryGetValue(Finding, out var rules) ? await WithFindingsAsync(query, rules, open, cancel) : query;
    }

    private static async Task<RecordQuery> WithFindingsAsync(RecordQuery query, string[] rules, OpenLedger open, CancellationToken cancel)
    {
        var wanted = rules.SelectMany(text => RuleCatalogue.Select(text) is { Count: > 0 } found ? found
            : throw new CliException($"there is no rule or group \"{text}\"; docs/findings.md lists the rules", "cairn check")).Select(rule => rule.Id).ToHashSet();
        using var index = FindingIndex.Open(open.Ledger, open.Directory, new CheckOptions { Trust = open.Directory.TrustPolicy() });
        await index.CatchUpAsync(cancel);
        var findings = index.Findings(since: query.Since).Where(finding => wanted.Contains(finding.Rule)).ToList();
        var traces = findings.Select(finding => finding.Trace).Distinct().Select(trace => trace.ToString()).ToList();
        return traces.Count > 10_000
            ? throw new CliException($"findings of {string.Join(", ", rules)} are in {traces.Count:N0} trails, which is more than 10,000: give a later --since")
            : query with { Among = findings.SelectMany(finding => finding.Records).ToHashSet(), Filters = [.. query.Filters, new RecordFilter(RecordField.Trace, traces)] };
    }
}
