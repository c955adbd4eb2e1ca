using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Verification;

namespace Cairn.Trails.Reports;

/// <summary>The records with their proofs: what each says, who recorded it, its hash and its place, and between which instants it was made.</summary>
internal static class EvidenceSection
{
    public static void Write(HtmlPage page, ReportEvidence evidence, Trail trail, Names names, Citations citations)
    {
        var checkpoint = evidence.Verification.Checkpoint!;
        var roles = evidence.Verification.Emitters.ToDictionary(emitter => emitter.Stream, emitter => emitter.Role, StringComparer.Ordinal);
        var shown = citations.InTable.ToList();
        page.Write($"""
            <section aria-labelledby="evidence">
            <h2 id="evidence">Evidence</h2>
            <p>Each record below is proven in the same way: its hash is under the Merkle root that its emitter signed, at its
            position in the statement; and statement <i>n</i> is leaf <i>n</i> of the ledger's tree, to which this checkpoint commits:</p>
            <dl class="checkpoint">
            <dt>Ledger</dt><dd>{checkpoint.Origin}</dd>
            <dt>Checkpoint</dt><dd>tree of {HtmlText.Count(checkpoint.Size, "statement")}, root <code>{checkpoint.Root}</code></dd>
            <dt>Signed</dt><dd>{Signed(evidence)}</dd>
            </dl>
            {Words(evidence)}
            <p>A record is <em>younger</em> than the newest tree that its emitter knew when it signed ("after tree of"), and <em>older</em> than the
            checkpoint. Its own time is what its emitter's clock said; "not before" and "not after" are the nearest bounds by the word of
            somebody else, in brackets.</p>

            """);
        if (shown.Count < trail.Records.Count)
        {
            page.Write($"<p class=\"note\">{HtmlText.Count(shown.Count)} of {HtmlText.Count(trail.Records.Count)} records are on this page: the first {HtmlText.Count(Citations.MostRecords)}, and those that are cited. All are in the bundle's records.jsonl; <code>cairn show {trail.Trace.ToString()} --output json</code> lists them.</p>\n");
        }

        page.Markup("""
            <table class="evidence">
            <thead><tr><th scope="col">No., time</th><th scope="col">What is recorded, id and hash</th><th scope="col">Recorded by, place</th></tr></thead>
            <tbody>

            """);
        var words = new RecordWords(trail, names);
        var last = -1;
        foreach (var i in shown)
        {
            if (i > last + 1)
            {
                page.Write($"<tr class=\"skipped\"><td colspan=\"3\">{HtmlText.Count(i - last - 1, "record")} not on this page</td></tr>\n");
            }

            Row(page, i, trail.Records[i], evidence, words, names, roles);
            last = i;
        }

        if (last + 1 < trail.Records.Count)
        {
            page.Write($"<tr class=\"skipped\"><td colspan=\"3\">{HtmlText.Count(trail.Records.Count - last - 1, "record")} not on this page</td></tr>\n");
        }

        page.Markup("</tbody>\n</table>\n</section>\n");
    }

    private static void Row(HtmlPage page, int i, TrailRecord entry, ReportEvidence evidence, RecordWords words, Names names, Dictionary<string, string> roles)
    {
        var record = entry.Record;
        var (what, outcome) = words.Of(record);
        var place = evidence.Places[record.Id];
        var role = roles.GetValueOrDefault(entry.Stream.ToString(), "unknown");
        page.Write($"""
            <tr id="r{i + 1}">
            <td><span class="number">{i + 1}</span><time>{HtmlText.Time(record.Time)}</time></td>
            <td><span class="what">{what}</span>{Mark(outcome)}<code>{record.Kind}, id {record.Id.ToString()}</code><code>hash {record.LeafHash.ToString()}</code></td>
            <td><span>{Seen(role, entry)} {names.Of(entry.Issuer)}</span><span>statement {HtmlText.Count(place.Statement)}, position {place.Position}</span><span>{(place.KnownHead is { } head ? $"after tree of {HtmlText.Count(head.Size)}" : "no tree known before")}</span>{Bounds(place)}</td>
            </tr>

            """);
    }

    private static Markup Mark(string? outcome) => outcome is null ? default : HtmlPage.Fragment(page => page.Write($" <span class=\"mark {Outcomes.Tone(outcome)}\">{Outcomes.Words(outcome)}</span>"));

    /// <summary>Who says between which times the whole trail was made.</summary>
    private static Markup Words(ReportEvidence evidence) => HtmlPage.Fragment(page =>
    {
        foreach (var bracket in evidence.Verification.Times.Trail)
        {
            page.Write($"<p>By the word of {(bracket.By == "log" ? "the log" : $"a {bracket.By}")}, all of this was made {Bound("not before", bracket.NotBefore)}{(bracket is { NotBefore: not null, NotAfter: not null } ? " and " : "")}{Bound("not after", bracket.NotAfter)}.</p>\n");
        }

        foreach (var revoked in evidence.Verification.Revoked)
        {
            page.Write($"<p>Revoked: {revoked.ToString()}.</p>\n");
        }
    });

    private static string Bound(string what, BoundSummary? bound) => bound is null ? "" : $"{what} {bound.Time} ({bound.Name})";

    /// <summary>The nearest bounds of a record, whoever gives them.</summary>
    private static Markup Bounds(RecordPlace place) => HtmlPage.Fragment(page =>
    {
        if (place.Brackets.Select(bracket => bracket.NotBefore).OfType<TimeClaim>().MaxBy(claim => claim.Time) is { } lower)
        {
            page.Write($"<span>not before {HtmlText.Time(lower.Time)} ({lower.Name})</span>");
        }

        if (place.Brackets.Select(bracket => bracket.NotAfter).OfType<TimeClaim>().MinBy(claim => claim.NotAfter) is { } upper)
        {
            page.Write($"<span>not after {HtmlText.Time(upper.NotAfter)} ({upper.Name})</span>");
        }
    });

    private static string Seen(string role, TrailRecord entry) => role switch
    {
        "gateway" when !entry.IsSelfReported => "observed by",
        "importer" => "confirmed by the target's log, through",
        "agent" when entry.IsSelfReported => "told by itself,",
        "operator" => "told by the operator,",
        _ => "told by",
    };

    private static string Signed(ReportEvidence evidence)
    {
        var report = evidence.Verification;
        var by = string.Join(", ", report.Trust.LogKeys.Concat(report.Trust.Witnesses.Select(witness => $"witness {witness}")));
        return $"{(report.Checkpoint!.Time is { } time ? $"{HtmlText.Time(time)}, by the signers' clocks" : "at no stated time")}{(by.Length == 0 ? "" : $"; by {by}")}";
    }
}
