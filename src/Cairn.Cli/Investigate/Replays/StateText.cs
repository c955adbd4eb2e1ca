using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails;
using Cairn.Trails.Replay;

namespace Cairn.Cli.Investigate.Replays;

/// <summary>A state of a trail as lines of text: the same state and width give the same bytes.</summary>
internal static class StateText
{
    /// <summary>The width where no terminal has one.</summary>
    public const int PlainWidth = 160;

    /// <summary>The lines, none longer than the width.</summary>
    /// <param name="state">The state.</param>
    /// <param name="width">In characters.</param>
    /// <param name="most">The most entries of each list; the rest is counted.</param>
    public static IReadOnlyList<string> Lines(ReplayState state, int width, int most = int.MaxValue)
    {
        var lines = new List<string> { $"Step {state.Step} of {state.Steps}   {state.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}Z   trail {state.Known.Trace}" };
        var record = state.Happened.Record;
        lines.Add("");
        lines.Add($"Happened  {What(state)}");
        lines.Add($"  by {PathOf(record.Actor.Id.ToString())}, {(state.Happened.IsSelfReported ? "reported by itself" : $"recorded by {PathOf(state.Happened.Issuer.ToString())}")}");
        lines.Add($"  record {record.Id}, span {record.Span}");
        List(lines, "Rests on", state.RestsOn, most, basis => basis.Record is { } known
            ? $"{basis.How}: {Kind(state, known)} {known}"
            : $"{basis.How}: {basis.Names}, of which no record is known here");
        List(lines, "Open tasks", state.Tasks, most, task => $"{PathOf(task.Agent.Id.ToString())} via {PathOf(task.Issuer.ToString())}, since {Since(state, task.Started)}");
        List(lines, "Open acts", state.Actions, most, action => $"{action.Type} {action.ShortResource} by {PathOf(action.Actor.Id.ToString())}, since {Since(state, action.Requested)}");
        List(lines, "Live delegations", state.Delegations, most, delegation =>
            $"{PathOf(delegation.From)} to {PathOf(delegation.To)}: {string.Join(' ', delegation.Scope)}{Until(delegation.Expires)}");
        List(lines, "Live credentials", state.Credentials, most, credential =>
            $"{Short(credential.Id)}: {string.Join(' ', credential.Scope)} at {string.Join(' ', credential.Audience)}, {credential.Uses.Count} uses{Until(credential.Expires)}");
        List(lines, "Waiting for approval", state.Waiting, most, approval => $"{ActOf(state, approval.Action)}: asked of {string.Join(" or ", approval.Approvers)}{Until(approval.Expires)}");
        var authority = state.Known.Authority;
        List(lines, "Decisions", [.. authority.Decisions.Reverse()], most, decision =>
            $"{decision.Outcome}{(decision.Binds ? "" : " (shadow)")} {ActOf(state, decision.Action)}{(decision.Determining.Count == 0 ? "" : $": {string.Join(", ", decision.Determining)}")}");
        List(lines, "Effects", [.. state.Known.Effects.Reverse()], most, effect => $"{effect.Operation} {effect.Resource} in {effect.System}{(effect.Status is null ? "" : $": {effect.Status}")}");
        List(lines, "Writes that came out ok", [.. state.Known.Actions.Where(action => action is { Writes: true, Status: "ok" }).Reverse()], most, action => $"{action.ShortResource} by {PathOf(action.Actor.Id.ToString())}");
        List(lines, "Declared gaps", state.Known.Gaps, most, gap => $"{gap.Reason}: {gap.Count}{(gap.Detail is null ? "" : $", {gap.Detail}")}");
        return [.. lines.Select(line => Fit(line, width))];
    }

    /// <summary>What happened in a step, in a few words.</summary>
    public static string What(ReplayState state) => What(state.Happened, state.Known);

    /// <summary>What a record of a trail says, in a few words.</summary>
    public static string What(TrailRecord entry, Trail known)
    {
        var record = entry.Record;
        if (record.Kind == RecordKinds.ActionCompleted)
        {
            var action = known.Actions.FirstOrDefault(action => action.Completion == record.Id);
            return action is null ? record.Kind
                : $"{record.Kind} {action.ShortResource}: {action.Status}{(action.Error is { Length: > 0 } error ? $" ({error})" : "")}{(action.Duration is { } took ? $", after {TrailScreen.Duration(took)}" : "")}";
        }

        return TrailScreen.Row(entry, known) is { } row
            ? $"{(known.Find.Action(record.Id) is null ? "" : $"{record.Kind} ")}{row.What}{(row.Outcome is "" or "open" ? "" : $": {row.Outcome}")}"
            : record.Kind;
    }

    private static void List<TItem>(List<string> lines, string title, IReadOnlyList<TItem> items, int most, Func<TItem, string> text)
    {
        if (items.Count == 0)
        {
            return;
        }

        lines.Add($"{title} ({items.Count})");
        lines.AddRange(items.Take(most).Select(item => $"  {text(item)}"));
        if (items.Count > most)
        {
            lines.Add($"  … and {items.Count - most} more");
        }
    }

    // Texts of records may hold anything: a control character must not reach a terminal.
    private static string Fit(string line, int width)
    {
        var plain = string.Concat(line.Select(letter => char.IsControl(letter) ? '·' : letter));
        return plain.Length <= width ? plain : plain[..Math.Max(0, width - 1)] + "…";
    }

    private static string Kind(ReplayState state, RecordId record) => state.Known.Find.Record(record)!.Record.Kind;

    private static string ActOf(ReplayState state, RecordId? request) =>
        state.Known.Find.Action(request) is { } action ? action.ShortResource : request is { } id ? $"the act of record {id}" : "an act that is not named";

    private static string Since(ReplayState state, DateTimeOffset time) => $"{time.UtcDateTime:HH:mm:ss} ({TrailScreen.Duration(state.Time - time)})";

    private static string Until(DateTimeOffset? time) => time is { } end ? $", until {end.UtcDateTime:HH:mm:ss}" : "";

    private static string PathOf(string id) => SpiffeId.TryParse(id, out var spiffe) && spiffe.Path.Length > 0 ? spiffe.Path : id;

    private static string Short(string id) => id.Length > 20 ? $"{id[..12]}…" : id;
}
