namespace Cairn.Evidence.Verification;

/// <summary>A report in lines for a person.</summary>
public static class VerificationText
{
    /// <summary>The report, one line each, without colour.</summary>
    public static IEnumerable<string> Lines(VerificationReport report)
    {
        yield return report.Trace is null ? "bundle that can't be read" : $"trail {report.Trace}";
        if (report.Checkpoint is { } checkpoint)
        {
            yield return $"  checkpoint {checkpoint.Origin} size {checkpoint.Size}{(checkpoint.Time is { } time ? $", signed {Times.Text(time)}" : "")}";
        }

        foreach (var bracket in report.Times.Trail)
        {
            yield return $"  by the word of {(bracket.By == "log" ? "the log" : $"a {bracket.By}")}: {Bound("not before", bracket.NotBefore)}{(bracket is { NotBefore: not null, NotAfter: not null } ? ", " : "")}{Bound("not after", bracket.NotAfter)}";
        }

        yield return report.Trust.Pinned ? "  trust: the given policy" : "  trust: NOT PINNED, the bundle's own policy was believed";
        foreach (var succession in report.Trust.Successions)
        {
            yield return $"  log keys changed at size {succession.Size}: {string.Join(", ", succession.Old)} were followed by {string.Join(", ", succession.New)}";
        }

        yield return $"  {report.Counts.Records} records in {report.Counts.Statements} statements of {report.Counts.Streams} streams"
            + (report.Counts.Contents > 0 ? $", {report.Counts.Contents} disclosed contents" : "");
        foreach (var revoked in report.Revoked)
        {
            yield return $"  {revoked}";
        }

        foreach (var (name, verdict, summary) in Verdicts(report))
        {
            yield return $"{name}: {verdict.State.ToString().ToUpperInvariant()}{(summary.Length > 0 ? $" ({summary})" : "")}";
            foreach (var failure in verdict.Failures)
            {
                yield return $"  x {failure}";
            }

            if (verdict.FailureCount > verdict.Failures.Count)
            {
                yield return $"  x and {verdict.FailureCount - verdict.Failures.Count} more";
            }

            foreach (var limit in verdict.Limits)
            {
                yield return $"  - does not prove {limit.DoesNotProve}; what would: {limit.WhatWould}";
            }
        }

        if (report.Decisions.Recorded > 0)
        {
            yield return Decisions(report.Decisions);
        }

        foreach (var warning in report.Warnings)
        {
            yield return $"warning: {warning}";
        }
    }

    private static string Decisions(DecisionCounts decisions) =>
        $"decisions: {decisions.Recorded} recorded, {decisions.Recomputed} recomputed, of which {decisions.Differ} came out otherwise"
        + (decisions.NotRecomputed.Count == 0 ? "" : $"; not recomputed: {decisions.Why}");

    private static string Bound(string what, BoundSummary? bound) => bound is null ? "" : $"{what} {bound.Time} ({bound.Name})";

    private static IEnumerable<(string Name, Verdict Verdict, string Summary)> Verdicts(VerificationReport report)
    {
        var actions = report.Actions;
        yield return ("integrity", report.Integrity, "");
        yield return ("completeness", report.Completeness, "");
        yield return ("corroboration", report.Corroboration, $"{actions.Actions} actions: {actions.Reported} reported, {actions.Observed} observed, {actions.Confirmed} confirmed; {actions.Effects} effects");
    }
}
