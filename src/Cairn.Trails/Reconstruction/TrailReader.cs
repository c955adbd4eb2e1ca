using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>Sorts records into the parts of a trail, pairing starts with ends by stream and span, requests with outcomes by issuer and span: another run may tell the outcome.</summary>
internal sealed class TrailReader
{
    private readonly Dictionary<(StreamId, SpanId), int> _tasks = [];
    private readonly Dictionary<SpanId, int> _delegations = [];
    private readonly Dictionary<(SpiffeId, SpanId), int> _actions = [];
    private readonly AuthorityReader _authority = new();

    public List<TrailTask> Tasks { get; } = [];

    public List<Delegation> Delegations { get; } = [];

    public List<CapturedContext> Contexts { get; } = [];

    public List<TrailAction> Actions { get; } = [];

    public List<DeclaredGap> Gaps { get; } = [];

    public TrailAuthority Authority => _authority.Authority;

    public void Take(TrailRecord entry)
    {
        var (record, body) = (entry.Record, entry.Record.Body);
        switch (record.Kind)
        {
            case RecordKinds.TaskStarted:
                _tasks[(entry.Stream, record.Span)] = Tasks.Count;
                Tasks.Add(new TrailTask(
                    record.Span, record.Parent, record.Actor, entry.Issuer, entry.Stream,
                    new Initiation(body.Text("principal") ?? "?", body.Text("authenticated") ?? "?", body.Text("channel") ?? "?", body.Text("owner") ?? record.Actor.Owner, record.Id),
                    record.Time, null, null, null));
                break;
            case RecordKinds.TaskEnded:
                Update(Tasks, _tasks, (entry.Stream, record.Span), task => task with { Ended = record.Time, Status = body.Text("status"), Reason = body.Text("reason") });
                break;
            case RecordKinds.DelegationGranted:
                _delegations[record.Span] = Delegations.Count;
                Delegations.Add(new Delegation(body.Text("from") ?? "?", body.Text("to") ?? "?", body.Texts("scope"), body.Text("purpose") ?? "", record.Span, record.Time, null, record.Id));
                break;
            case RecordKinds.DelegationEnded:
                Update(Delegations, _delegations, record.Span, delegation => delegation with { Ended = record.Time });
                break;
            case RecordKinds.ContextCaptured:
                Contexts.Add(new CapturedContext(
                    body.Text("subject") ?? "?", NameOf(body), body.Text("digest"),
                    body.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array ? tools.GetArrayLength() : null,
                    body.Flag("changed") ?? false, record.Time, record.Id));
                break;
            case RecordKinds.ActionRequested:
                _actions[(entry.Issuer, record.Span)] = Actions.Count;
                Actions.Add(new TrailAction(
                    record.Span, record.Parent, record.Actor, entry.Issuer, body.Text("type") ?? "?", body.Text("resource") ?? "?", body.Flag("writes"),
                    record.Time, null, null, null, record.Id, null)
                {
                    Decision = body.RecordId("decision"),
                    Approval = body.RecordId("approval"),
                    Credential = body.Text("credential"),
                });
                break;
            case RecordKinds.ActionCompleted:
                Complete(entry, body);
                break;
            case RecordKinds.GapDeclared:
                Gaps.Add(new DeclaredGap(body.Text("reason") ?? "?", body.Number("count") ?? 0, body.Text("detail"), record.Time, record.Id));
                break;
            default:
                _authority.Take(record);
                break;
        }
    }

    private void Complete(TrailRecord entry, JsonElement body)
    {
        var record = entry.Record;
        var error = body.TryGetProperty("error", out var found) && found.ValueKind == JsonValueKind.Object
            ? string.Join(": ", new[] { found.Raw("code"), found.Text("message") }.Where(part => !string.IsNullOrEmpty(part)))
            : null;
        Update(Actions, _actions, (entry.Issuer, record.Span), action => action with
        {
            Status = body.Text("status"),
            Error = error,
            Completion = record.Id,
            Duration = body.Number("duration_us") is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : record.Time - action.Requested,
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
        var parts = new[] { body.Text("name"), body.Text("version"), body.Text("protocol") is { } protocol ? $"(protocol {protocol})" : null };
        return parts.Any(part => part is not null) ? string.Join(' ', parts.Where(part => part is not null)) : null;
    }
}
