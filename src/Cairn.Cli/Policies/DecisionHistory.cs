using System.Runtime.CompilerServices;
using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Evidence.Records;
using Cairn.Policy;
using Cairn.Policy.Checking;
using Cairn.Trails.Contents;

namespace Cairn.Cli.Policies;

/// <summary>Recorded decisions, with the input documents that were kept and that match their commitments.</summary>
internal static class DecisionHistory
{
    /// <summary>The decisions of a ledger.</summary>
    /// <param name="open">The ledger.</param>
    /// <param name="since">Only those made since then; null: all.</param>
    /// <param name="cancel">Stops the reading.</param>
    public static async IAsyncEnumerable<RecordedDecision> ReadAsync(OpenLedger open, DateTimeOffset? since, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var contents = LedgerContents.Open(open.Ledger, open.Directory);
        await foreach (var entry in open.Ledger.ReadAsync(0, open.Ledger.Count(), cancel))
        {
            foreach (var bytes in entry.Records)
            {
                var record = Record.Parse(bytes);
                if (record.Kind == RecordKinds.PolicyDecided && !(record.Time < since))
                {
                    yield return Read(record, contents);
                }
            }
        }
    }

    /// <summary>The decisions among some records, in their order.</summary>
    public static IEnumerable<RecordedDecision> Of(IEnumerable<Record> records, IKeptContents contents) =>
        records.Where(record => record.Kind == RecordKinds.PolicyDecided).Select(record => Read(record, contents));

    private static RecordedDecision Read(Record record, IKeptContents contents)
    {
        var policy = record.Body;
        var kept = Text(policy, "entry_point") != "authorize" ? new KeptContent(null, false, "nothing was evaluated") : contents.Find(record, "input");
        var (input, why) = kept.IsRedacted ? (null, "the input was kept with parts taken out") : (kept.Bytes, kept.WhyNot);
        return new RecordedDecision(record.Id.ToString(), Outcome(Text(policy, "decision")), input, why)
        {
            Trace = record.Trace,
            Bundle = Text(policy, "bundle"),
            Version = Text(policy, "version"),
            Engine = $"{Text(policy, "engine")} {Text(policy, "engine_version")}",
            EngineDigest = Text(policy, "engine_digest"),
            Determining = Texts(policy, "determining"),
            Errors = Texts(policy, "errors"),
            Obligations = Texts(policy, "obligations"),
            Reason = Text(policy, "reason"),
        };
    }

    private static PolicyOutcome Outcome(string text) => text switch
    {
        "allow" => PolicyOutcome.Allow,
        "needs_approval" => PolicyOutcome.NeedsApproval,
        _ => PolicyOutcome.Deny,
    };

    private static string Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static IReadOnlyList<string> Texts(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)] : [];
}
