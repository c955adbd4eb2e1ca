using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>
/// Sorts records into the parts of a trail. Beginnings are taken before ends, so that clocks that differ, or records that
/// come late, part no pair. An outcome that names no request is paired by issuer and span: another run may tell it.
/// </summary>
internal sealed class TrailReader
{
    private readonly Dictionary<(StreamId, SpanId), int> _tasks = [];
    private readonly Dictionary<RecordId, int> _delegations = [];
    private readonly Dictionary<SpanId, int> _delegationsBySpan = [];
    private readonly Dictionary<RecordId, int> _actions = [];
    private readonly Dictionary<(SpiffeId, SpanId), int> _actionsBySpan = [];
    private readonly AuthorityReader _authority;
    private readonly RecordBody _body = new();

    public TrailReader() => _authority = new AuthorityReader(Unpaired);

    public List<TrailTask> Tasks { get; } = [];

    public List<Delegation> Delegations { get; } = [];

    public List<CapturedContext> Contexts { get; } = [];

    public List<TrailAction> Actions { get; } = [];

    public List<ObservedEffect> Effects { get; } = [];

    public List<DeclaredGap> Gaps { get; } = [];

    public List<UnpairedEnd> Unpaired { get; } = [];

    public List<CountedStream> Counts { get; } = [];

    public TrailAuthority Authority => _authority.Read();

    /// <summary>Takes all records, in order.</summary>
    public void Take(IReadOnlyList<TrailRecord> records)
    {
        foreach (var entry in records)
        {
            if (!IsEnd(entry.Record.Kind))
            {
                Begin(entry);
            }
        }

        foreach (var entry in records)
        {
            if (IsEnd(entry.Record.Kind))
            {
                End(entry, Read(entry.Record));
            }
        }

        CountActions();
    }

    private RecordBody Read(Record record)
    {
        _body.Read(record);
        return _body;
    }

    private static bool IsEnd(string kind) => kind is RecordKinds.TaskEnded or RecordKinds.DelegationEnded or RecordKinds.ActionCompleted
        or RecordKinds.ApprovalRecorded or RecordKinds.CredentialUsed or RecordKinds.CredentialRevoked or RecordKinds.CredentialExpired;

    private void Begin(TrailRecord entry)
    {
        var record = entry.Record;
        if (!RecordKinds.IsKnown(record.Kind))
        {
            return;
        }

        var body = Read(record);
        switch (record.Kind)
        {
            case RecordKinds.TaskStarted:
                _tasks[(entry.Stream, record.Span)] = Tasks.Count;
                Tasks.Add(new TrailTask(
                    record.Span, record.Parent, record.Actor, entry.Issuer, entry.Stream,
                    new Initiation(body.Text("principal") ?? "?", body.Text("authenticated") ?? "?", body.Text("channel") ?? "?", body.Text("owner") ?? record.Actor.Owner, record.Id),
                    record.Time, null, null, null));
                break;
            case RecordKinds.DelegationGranted:
                Grant(entry, body);
                break;
            case RecordKinds.ContextCaptured:
                Contexts.Add(new CapturedContext(
                    body.Text("subject") ?? "?", NameOf(body), body.Text("digest"),
                    body.Count("tools"),
                    body.Flag("changed") ?? false, record.Time, record.Id)
                {
                    Manifest = [.. body.Objects("tools").Select(tool => new ManifestTool(tool.Text("name") ?? "?", tool.Text("digest") ?? "?"))],
                    Agent = record.Actor,
                    Task = record.Task ?? record.Span,
                    Stream = entry.Stream,
                    Seq = record.Seq,
                });
                break;
            case RecordKinds.ActionRequested:
                Request(entry, body);
                break;
            case RecordKinds.EffectObserved:
                Effects.Add(new ObservedEffect(
                    body.Text("system") ?? "?", body.Text("event_id") ?? "?", body.Text("operation") ?? "?", body.Text("resource") ?? "?", body.Text("status"),
                    body.Text("principal"), body.Version("after"), body.RecordId("action"), body.Time("event_time") ?? record.Time, record.Id));
                break;
            case RecordKinds.GapDeclared:
                Gaps.Add(new DeclaredGap(body.Text("reason") ?? "?", body.Number("count") ?? 0, body.Text("detail"), record.Time, record.Id));
                break;
            default:
                _authority.Begin(entry, body);
                break;
        }
    }

    private void End(TrailRecord entry, RecordBody body)
    {
        var record = entry.Record;
        switch (record.Kind)
        {
            case RecordKinds.TaskEnded:
                Counts.AddRange(
                    from counted in body.Objects("emitters")
                    where StreamId.TryParse(counted.Text("stream"), out _) && counted.Number("records") is not null
                    select new CountedStream(counted.Text("emitter") ?? "?", StreamId.Parse(counted.Text("stream")!), counted.Number("records")!.Value, record.Id));
                Pair(Tasks, PlaceOf(_tasks, (entry.Stream, record.Span)), entry, "a task.started in the same stream and span", task => task with
                {
                    Ended = record.Time,
                    Status = body.Text("status"),
                    Reason = body.Text("reason"),
                    EndRecord = record.Id,
                    FirstEnded = task.FirstEnded ?? record.Time,
                });
                break;
            case RecordKinds.DelegationEnded:
                var granted = body.RecordId("granted") is { } grant ? PlaceOf(_delegations, grant) : null;
                granted ??= PlaceOf(_delegationsBySpan, body.Span("child_span") ?? record.Span);
                Pair(Delegations, granted, entry, "the delegation.granted that it names", delegation => delegation.Ended is not null ? delegation : delegation with
                {
                    Ended = record.Time,
                    EndReason = body.Text("reason"),
                    EndRecord = record.Id,
                });
                break;
            case RecordKinds.ActionCompleted:
                Complete(entry, body);
                break;
            default:
                _authority.End(record, body);
                break;
        }
    }

    private void Grant(TrailRecord entry, RecordBody body)
    {
        var record = entry.Record;
        var child = body.Span("child_span") ?? record.Span;
        _delegations[record.Id] = Delegations.Count;
        _delegationsBySpan.TryAdd(child, Delegations.Count);
        Delegations.Add(new Delegation(
            body.Text("from") ?? "?", body.Text("to") ?? "?", body.Texts("scope"), body.Text("purpose") ?? "", child, record.Time, null, record.Id)
        {
            Parent = child == record.Span ? record.Parent ?? record.Task : record.Span,
            Expires = body.Time("expires"),
            Stream = entry.Stream,
        });
    }

    private void Request(TrailRecord entry, RecordBody body)
    {
        var record = entry.Record;
        _actions[record.Id] = Actions.Count;
        _actionsBySpan[(entry.Issuer, record.Span)] = Actions.Count;
        Actions.Add(new TrailAction(
            record.Span, record.Parent ?? (record.Task == record.Span ? null : record.Task), record.Actor, entry.Issuer,
            body.Text("type") ?? "?", body.Text("resource") ?? "?", body.Flag("writes"), record.Time, null, null, null, record.Id, null)
        {
            Task = record.Task,
            Decision = body.RecordId("decision"),
            Approval = body.RecordId("approval"),
            Credential = body.Text("credential"),
            ToolDigest = body.Text("tool_digest"),
            InputKept = body.Text("input", "content"),
            Stream = entry.Stream,
            Seq = record.Seq,
        });
    }

    private void Complete(TrailRecord entry, RecordBody body)
    {
        var record = entry.Record;
        var error = body.Object("error") is { } found
            ? string.Join(": ", new[] { found.Raw("code"), found.Text("message") }.Where(part => !string.IsNullOrEmpty(part)))
            : null;
        var place = body.RecordId("requested") is { } request ? PlaceOf(_actions, request) : null;
        Pair(Actions, place ?? PlaceOf(_actionsBySpan, (entry.Issuer, record.Span)), entry, "the action.requested that it names", action => action with
        {
            Status = body.Text("status"),
            Error = error,
            WasDone = action.WasDone || body.Text("status") is "ok" or "tool_error" or "protocol_error" or "accepted" or "lost",
            Completion = record.Id,
            CompletedIn = action.CompletedIn ?? entry.Stream,
            FirstCompleted = action.FirstCompleted ?? record.Time,
            WasOk = action.WasOk || body.Text("status") == "ok",
            After = body.Version("after"),
            Files = FileChanges.Read(body) ?? action.Files,
            Duration = body.Number("duration_us") is { } microseconds ? TimeSpan.FromMicroseconds(microseconds) : record.Time - action.Requested,
        });
    }

    private void Pair<TPart>(List<TPart> parts, int? place, TrailRecord entry, string expected, Func<TPart, TPart> change)
    {
        if (place is { } at)
        {
            parts[at] = change(parts[at]);
        }
        else
        {
            Unpaired.Add(new UnpairedEnd(entry.Record.Kind, expected, entry.Record.Id));
        }
    }

    private static int? PlaceOf<TKey>(Dictionary<TKey, int> places, TKey key)
        where TKey : notnull => places.TryGetValue(key, out var place) ? place : null;

    // An action that names no task is its stream's only task's.
    private void CountActions()
    {
        var only = Tasks.GroupBy(task => task.Stream).Where(tasks => tasks.Count() == 1).ToDictionary(tasks => tasks.Key, tasks => tasks.First().Span);
        var counts = Actions
            .CountBy(action => (action.Stream, action.Task ?? only.GetValueOrDefault(action.Stream)))
            .ToDictionary();
        for (var i = 0; i < Tasks.Count; i++)
        {
            Tasks[i] = Tasks[i] with { Actions = counts.GetValueOrDefault((Tasks[i].Stream, Tasks[i].Span)) };
        }
    }

    private static string? NameOf(RecordBody body)
    {
        var parts = new[] { body.Text("name"), body.Text("version"), body.Text("protocol") is { } protocol ? $"(protocol {protocol})" : null };
        return parts.Any(part => part is not null) ? string.Join(' ', parts.Where(part => part is not null)) : null;
    }
}
