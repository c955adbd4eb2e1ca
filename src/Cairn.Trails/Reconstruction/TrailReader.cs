using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>Sorts records into the parts of a trail, pairing starts with ends by stream and span.</summary>
internal sealed class TrailReader
{
    private readonly Dictionary<(StreamId, SpanId), int> _tasks = [];
    private readonly Dictionary<SpanId, int> _delegations = [];
    private readonly Dictionary<(StreamId, SpanId), int> _actions = [];

    public List<TrailTask> Tasks { get; } = [];

    public List<Delegation> Delegations { get; } = [];

    public List<CapturedContext> Contexts { get; } = [];

    public List<TrailAction> Actions { get; } = [];

    public List<DeclaredGap> Gaps { get; } = [];

    public void Take(TrailRecord entry)
    {
        var (record, body) = (entry.Record, entry.Record.Body);
        switch (record.Kind)
        {
            case RecordKinds.TaskStarted:
                _tasks[(entry.Stream, record.Span)] = Tasks.Count;
                Tasks.Add(new TrailTask(
                    record.Span, record.Parent, record.Actor, entry.Issuer, entry.Stream,
                    new Initiation(Text(body, "principal") ?? "?", Text(body, "authenticated") ?? "?", Text(body, "channel") ?? "?", Text(body, "owner") ?? record.Actor.Owner, record.Id),
                    record.Time, null, null, null));
                break;
            case RecordKinds.TaskEnded:
                Update(Tasks, _tasks, (entry.Stream, record.Span), task => task with { Ended = record.Time, Status = Text(body, "status"), Reason = Text(body, "reason") });
                break;
            case RecordKinds.DelegationGranted:
                _delegations[record.Span] = Delegations.Count;
                Delegations.Add(new Delegation(Text(body, "from") ?? "?", Text(body, "to") ?? "?", Texts(body, "scope"), Text(body, "purpose") ?? "", record.Span, record.Time, null, record.Id));
                break;
            case RecordKinds.DelegationEnded:
                Update(Delegations, _delegations, record.Span, delegation => delegation with { Ended = record.Time });
                break;
            case RecordKinds.ContextCaptured:
                Contexts.Add(new CapturedContext(
                    Text(body, "subject") ?? "?", NameOf(body), Text(body, "digest"),
                    body.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array ? tools.GetArrayLength() : null,
                    Flag(body, "changed") ?? false, record.Time, record.Id));
                break;
            case RecordKinds.ActionRequested:
                _actions[(entry.Stream, record.Span)] = Actions.Count;
                Actions.Add(new TrailAction(
                    record.Span, record.Parent, record.Actor, entry.Issuer, Text(body, "type") ?? "?", Text(body, "resource") ?? "?", Flag(body, "writes"),
                    record.Time, null, null, null, record.Id, null));
                break;
            case RecordKinds.ActionCompleted:
                Complete(entry, body);
                break;
            case RecordKinds.GapDeclared:
                Gaps.Add(new DeclaredGap(Text(body, "reason") ?? "?", Number(body, "count") ?? 0, Text(body, "detail"), record.Time, record.Id));
                break;
            default:
                break;
        }
    }

    private void Complete(TrailRecord entry, JsonElement body)
    {
        var record = entry.Record;
        var error = body.TryGetProperty("error", out var found) && found.ValueKind == JsonValueKind.Object
            ? string.Join(": ", new[] { Raw(found, "code"), Text(found, "message") }.Where(part => !string.IsNullOrEmpty(part)))
            : null;
        Update(Actions, _actions, (entry.Stream, record.Span), action => action with
        {
            Status = Text(body, "status"),
            Error = error,
            Completion = record.Id,
            Duration = Number(body, "duration_us") is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : record.Time - action.Requested,
        });
    }

    private static void Update<TKey, TPart>(List<TPart> parts, Dictionary<TKey, int> places, TKey key, Func<TPart, TPart> change)
        where TKey : notnull
    {
        if (places.TryGetValue(key, out var place))
        {
            parts[place] = change(parts[place]);
        }
    }

    private static string? NameOf(JsonElement body)
    {
        var parts = new[] { Text(body, "name"), Text(body, "version"), Text(body, "protocol") is { } protocol ? $"(protocol {protocol})" : null };
        return parts.Any(part => part is not null) ? string.Join(' ', parts.Where(part => part is not null)) : null;
    }

    private static string? Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Raw(JsonElement body, string name) => body.TryGetProperty(name, out var value) ? value.ToString() : null;

    private static bool? Flag(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    private static long? Number(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    private static IReadOnlyList<string> Texts(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)]
            : [];
}
