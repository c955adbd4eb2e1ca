using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Tests;

/// <summary>
/// Records of one trail, told one after the other, a millisecond apart: by a gateway unless another emitter is named, and
/// about the agent a unless another is.
/// </summary>
internal sealed class TrailStory
{
    public const string Domain = "spiffe://cairn.local";
    public static readonly DateTimeOffset Start = new(2026, 11, 25, 9, 0, 0, TimeSpan.Zero);
    private readonly List<TrailRecord> _records = [];
    private readonly Dictionary<string, Emitter> _emitters = [];
    private TimeSpan _waited;

    public IReadOnlyList<TrailRecord> Records => _records;

    public TraceId Trace { get; init; } = TraceId.New();

    /// <summary>When it begins: a ledger takes only what its emitter's certificate covers.</summary>
    public DateTimeOffset Begins { get; init; } = Start;

    public DateTimeOffset Now => Begins + _waited + TimeSpan.FromMilliseconds(_records.Count);

    public RecordId NewId() => RecordId.New(Now);

    public static string Agent(string name) => $"{Domain}/agent/{name}";

    /// <summary>Lets time pass; a negative time sets every clock back.</summary>
    public TrailStory Wait(double seconds)
    {
        _waited += TimeSpan.FromSeconds(seconds);
        return this;
    }

    /// <summary>Something happens.</summary>
    public TrailStory Also(Action<TrailStory> step)
    {
        step(this);
        return this;
    }

    /// <summary>An ordinal of the emitter is never told.</summary>
    public void Lose(string by = "gateway") => Of(by).Seq++;

    public StreamId Stream(string by = "gateway") => Of(by).Stream;

    /// <summary>Adds a record with the members of <paramref name="body"/>.</summary>
    public RecordId Tell(
        string kind, RecordId? id = null, object? body = null, SpanId? span = null, SpanId? parent = null, SpanId? task = null, string agent = "a", string by = "gateway", long? seq = null,
        IReadOnlyDictionary<string, object>? attributes = null)
    {
        var (given, emitter) = (id ?? NewId(), Of(by));
        var actor = new Actor(SpiffeId.Parse(Agent(agent)), "host:1", "team@example.org");
        var bytes = RecordWriter.Write(
            new RecordHeader(given, kind, Now, Trace, span ?? SpanId.New(), parent, task, seq ?? emitter.Seq++, actor),
            writer =>
            {
                foreach (var member in JsonSerializer.SerializeToElement(body ?? new { }).EnumerateObject())
                {
                    member.WriteTo(writer);
                }
            },
            attributes);
        _records.Add(new TrailRecord(Record.Parse(bytes), emitter.Issuer, emitter.Stream, _records.Count));
        return given;
    }

    /// <summary>An emitter's part begins.</summary>
    public SpanId Begin(SpanId? parent = null, string agent = "a", string by = "gateway", SpanId? span = null, string principal = "alice")
    {
        var task = span ?? SpanId.New();
        Tell(RecordKinds.TaskStarted, null, new { principal, authenticated = "os-user", channel = "test", owner = "team@example.org" }, task, parent, null, agent, by);
        return task;
    }

    /// <summary>It ends, and counts its own records unless another number is given.</summary>
    public void Finish(SpanId task, string agent = "a", string by = "gateway", long? records = null)
    {
        var emitter = Of(by);
        Tell(RecordKinds.TaskEnded, null, new { status = "done", emitters = new[] { new { emitter = emitter.Issuer.ToString(), stream = emitter.Stream.ToString(), records = records ?? emitter.Seq + 1 } } }, task, null, null, agent, by);
    }

    /// <summary>An action from request to outcome; no outcome where <paramref name="status"/> is null.</summary>
    public RecordId Act(SpanId? parent = null, string tool = "read_file", object? more = null, string? status = "ok", string agent = "a", string by = "gateway", string type = "tool.call", string? resource = null, RecordId? id = null)
    {
        var span = SpanId.New();
        var request = Request(span, parent, tool, more, agent, by, type, resource, id);
        if (status is not null)
        {
            Complete(request, span, status, agent, by);
        }

        return request;
    }

    public RecordId Request(SpanId span, SpanId? parent = null, string tool = "read_file", object? more = null, string agent = "a", string by = "gateway", string type = "tool.call", string? resource = null, RecordId? id = null) =>
        Tell(RecordKinds.ActionRequested, id, Join(new { type, resource = resource ?? $"mcp://files/tools/{tool}", strict = true }, more), span, parent, parent, agent, by);

    /// <summary>A request as the MCP gateway records it: with its method and tool as attributes.</summary>
    public RecordId RequestMcp(SpanId span, string tool) => Tell(
        RecordKinds.ActionRequested, null, new { type = "tool.call", resource = $"mcp://files/tools/{tool}", strict = true }, span,
        attributes: new Dictionary<string, object> { ["mcp.method.name"] = "tools/call", ["gen_ai.tool.name"] = tool });

    public RecordId Complete(RecordId request, SpanId span, string status = "ok", string agent = "a", string by = "gateway", object? more = null) =>
        Tell(RecordKinds.ActionCompleted, null, Join(new { type = "tool.call", resource = "mcp://files", requested = request.ToString(), status, duration_us = 1000 }, more), span, null, null, agent, by);

    /// <summary>A delegation; what the delegate does stands under the span given back.</summary>
    public SpanId Delegate(SpanId parent, string from = "a", string to = "b", string[]? scope = null, DateTimeOffset? expires = null, SpanId? child = null, string by = "gateway")
    {
        var span = child ?? SpanId.New();
        var given = new { from = Agent(from), to = Agent(to), scope = scope ?? ["tool:read_file"], purpose = "help", child_span = span.ToString() };
        Tell(RecordKinds.DelegationGranted, null, expires is { } end ? Join(given, new { expires = Time(end) }) : given, span, parent, parent, from, by);
        return span;
    }

    public void EndDelegation(SpanId child, string by = "gateway") =>
        Tell(RecordKinds.DelegationEnded, null, new { granted = _records.First(record => record.Record.Kind == RecordKinds.DelegationGranted && record.Record.Span == child).Record.Id.ToString(), reason = "done", child_span = child.ToString() }, child, null, null, "a", by);

    /// <summary>A decision about an action that is requested later under the same id.</summary>
    public RecordId Decide(RecordId action, string decision, string by = "gateway", object? more = null) =>
        Tell(RecordKinds.PolicyDecided, null, Join(new { bundle = "sha256:ab", version = "1", decision, action = action.ToString() }, more), by: by);

    public RecordId Ask(RecordId action, string digest = "hmac-sha256:00", DateTimeOffset? expires = null) =>
        Tell(RecordKinds.ApprovalRequested, null, Join(new { action = action.ToString(), action_digest = digest, approvers = new[] { "group:finance" } }, expires is { } end ? new { expires = Time(end) } : null));

    public RecordId Answer(RecordId question, string decision = "approved", string digest = "hmac-sha256:00") =>
        Tell(RecordKinds.ApprovalRecorded, null, new { requested = question.ToString(), action_digest = digest, decision, approver = "os-user:ada", authenticated = "os-user" });

    public RecordId Issue(string id = "c1", string holder = "a", string[]? scope = null, string[]? audience = null, double seconds = 300, object? more = null, string type = "oauth2.access_token") =>
        Tell(RecordKinds.CredentialIssued, null, Join(
            new { id, issuer = "https://broker", subject = "user:ada", type, actors = new[] { Agent(holder) }, scope = scope ?? ["tool:read_file"], audience = audience ?? ["mcp://files"], expires = Time(Now.AddSeconds(seconds)) }, more));

    public RecordId Use(string id, RecordId action, string agent = "a", object? more = null) =>
        Tell(RecordKinds.CredentialUsed, null, Join(new { id, issuer = "https://broker", action = action.ToString(), resource = "mcp://files/tools/read_file" }, more), agent: agent);

    public Trail Read() => Trail.From(_records);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");

    public static object Join(object first, object? second)
    {
        var members = new Dictionary<string, object?>();
        foreach (var part in new[] { first, second })
        {
            if (part is not null)
            {
                foreach (var member in JsonSerializer.SerializeToElement(part).EnumerateObject())
                {
                    members[member.Name] = member.Value;
                }
            }
        }

        return members;
    }

    private Emitter Of(string name)
    {
        if (!_emitters.TryGetValue(name, out var emitter))
        {
            // A name with a slash is the whole path of a SPIFFE ID: "agent/a" speaks for itself.
            var path = name.Contains('/', StringComparison.Ordinal) ? name : $"gateway/{name}";
            _emitters[name] = emitter = new Emitter(SpiffeId.Parse($"{Domain}/{path}"), StreamId.New());
        }

        return emitter;
    }

    private sealed class Emitter(SpiffeId issuer, StreamId stream)
    {
        public SpiffeId Issuer { get; } = issuer;

        public StreamId Stream { get; } = stream;

        public long Seq { get; set; }
    }
}
