using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Sdk;

namespace Cairn.Gateway.Capture;

/// <summary>
/// The trails that one run writes into: its main one, and one more for each trace that requests name in their
/// <c>_meta.traceparent</c>. Each is opened by a <c>task.started</c>, gets the context known so far, and is closed by a
/// <c>task.ended</c> with counts. Not safe for several threads: the conversation's lock is around it, except for
/// <see cref="RecordBundleAsync"/>.
/// </summary>
internal sealed class TrailParts
{
    /// <summary>Trails open besides the main one. One more closes the idle one that was used longest ago; it may be opened again.</summary>
    private const int MostOpen = 256;

    private readonly GatewayOptions _options;
    private readonly EvidenceSink _sink;
    private readonly ContextNotes _context;
    private readonly Dictionary<TraceId, TrailPart> _others = [];
    private readonly ITrailKeys _keys;
    private TrailPart? _main;
    private readonly Lock _gate = new();
    private Action<Utf8JsonWriter>? _bundle;
    private bool _hasEnded;
    private long _uses;

    public TrailParts(GatewayOptions options, EvidenceSink sink, ITrailKeys keys, ContextNotes context) =>
        (_options, _sink, _keys, _context) = (options, sink, keys, context);

    /// <summary>The main trail: opened when it is first asked for, because requests that all name traces of their own need none.</summary>
    /// <exception cref="TrailKeyException">The main trail has no key.</exception>
    public TrailPart Main
    {
        get
        {
            if (_main is { } open)
            {
                return open;
            }

            lock (_gate)
            {
                return _main ??= Open(_options.Caller is { } caller ? new TrailPart(caller.Trace, caller.Span) { IsMain = true } : new TrailPart(TraceId.New(), null) { IsMain = true });
            }
        }
    }

    /// <summary>The main trail, if it is open.</summary>
    public TrailPart? OpenMain => _main;

    /// <summary>The part that a request with this trace parent belongs to, with all context known so far recorded in it.</summary>
    /// <exception cref="TrailKeyException">The trail has no key and can't be opened.</exception>
    public TrailPart For(TraceParent? caller)
    {
        TrailPart? part;
        if (caller is not { } named || named.Trace == (_main?.Trace ?? _options.Caller?.Trace))
        {
            part = Main;
        }
        else if (!_others.TryGetValue(named.Trace, out part))
        {
            lock (_gate)
            {
                CloseIdle();
                part = Open(new TrailPart(named.Trace, named.Span));
                _others.Add(named.Trace, part);
            }
        }

        part.LastUsed = ++_uses;
        RecordContext(part);
        return part;
    }

    /// <summary>
    /// Records a policy bundle in every part, and in those that are opened from here on. Safe for any
    /// thread: bundles come when they come.
    /// </summary>
    /// <param name="body">Writes the body of <c>policy.loaded</c>.</param>
    /// <param name="keep">It is in use: parts opened later begin with it.</param>
    /// <returns>Null once all are durable (strict) or queued; otherwise why not.</returns>
    /// <exception cref="OperationCanceledException">The run has ended: nothing may follow its counts.</exception>
    public Task<string?> RecordBundleAsync(Action<Utf8JsonWriter> body, bool keep)
    {
        lock (_gate)
        {
            if (_hasEnded)
            {
                throw new OperationCanceledException("the run has ended");
            }

            _bundle = keep ? body : _bundle;
            var drafts = _others.Values.Prepend(_main).OfType<TrailPart>().Select(part => BundleDraft(part, body)).ToList();
            if (drafts.Count == 0)
            {
                // No trail is open: each that opens begins with it, before anything is decided there.
                return Task.FromResult<string?>(null);
            }

            // Once the last is durable, so are those before it: one stream keeps its order.
            foreach (var draft in drafts[..^1])
            {
                _sink.Emit(draft);
            }

            return _options.Strict ? _sink.EmitDurableAsync(drafts[^1]) : Task.FromResult(_sink.Emit(drafts[^1]) ? null : "neither memory nor disk takes further evidence");
        }
    }

    /// <summary>Records in a part's trail what is known of the context and not yet recorded there.</summary>
    public void RecordContext(TrailPart part)
    {
        if (part.ContextSeen == _context.Newest)
        {
            return;
        }

        foreach (var note in _context.After(part.ContextSeen))
        {
            _sink.Emit(ContextDraft(part, note));
        }

        part.ContextSeen = _context.Newest;
    }

    /// <summary>Ends every part but the main one.</summary>
    public void EndOthers(string status, string? reason)
    {
        lock (_gate)
        {
            foreach (var part in _others.Values)
            {
                End(part, status, reason, []);
            }

            _others.Clear();
        }
    }

    /// <summary>Ends the main part.</summary>
    /// <param name="status">done, failed, cancelled or lost.</param>
    /// <param name="reason">Why, where it is not plain.</param>
    /// <param name="others">What other streams wrote into the trail.</param>
    public void EndMain(string status, string? reason, IReadOnlyList<EmitterCount> others)
    {
        lock (_gate)
        {
            _hasEnded = true;
            if (_main is { } main)
            {
                End(main, status, reason, others);
            }
        }
    }

    private TrailPart Open(TrailPart part)
    {
        try
        {
            _ = _keys.KeyFor(part.Trace);
        }
        catch (Exception e)
        {
            throw new TrailKeyException(part.Trace, e);
        }

        _sink.Emit(_sink.Draft(RecordKinds.TaskStarted, part, part.Task, part.Caller, writer =>
        {
            writer.WriteString("principal"u8, _options.Initiator.Principal);
            writer.WriteString("authenticated"u8, _options.Initiator.Authenticated);
            writer.WriteString("channel"u8, _options.Channel);
            writer.WriteString("owner"u8, _options.Owner);
        }));
        if (_bundle is { } bundle)
        {
            _sink.Emit(BundleDraft(part, bundle));
        }

        return part;
    }

    private RecordDraft BundleDraft(TrailPart part, Action<Utf8JsonWriter> body) =>
        _sink.Draft(RecordKinds.PolicyLoaded, part, part.Task, part.Caller, body);

    private RecordDraft ContextDraft(TrailPart part, ContextNote note)
    {
        if (note.Document.IsEmpty)
        {
            return _sink.Draft(RecordKinds.ContextCaptured, part, part.Task, part.Caller, note.Body, note.Attributes);
        }

        var id = _sink.NewId();
        var (commitment, contents) = ContentCapture.Hold(_options.Capture, _keys, part.Trace, id, "commitment", "application/json", note.Document);
        return _sink.Draft(
            RecordKinds.ContextCaptured, part, part.Task, part.Caller,
            writer =>
            {
                note.Body(writer);
                commitment.WriteTo(writer, "commitment");
            },
            note.Attributes, contents, id);
    }

    private void CloseIdle()
    {
        if (_others.Count < MostOpen)
        {
            return;
        }

        var idle = _others.Values.Where(p => p.OpenActions == 0).MinBy(p => p.LastUsed);
        if (idle is not null)
        {
            End(idle, "done", null, []);
            _others.Remove(idle.Trace);
        }
    }

    private void End(TrailPart part, string status, string? reason, IReadOnlyList<EmitterCount> others)
    {
        var emitter = _sink.Emitter;
        _sink.Emit(_sink.Draft(RecordKinds.TaskEnded, part, part.Task, part.Caller, writer =>
        {
            writer.WriteString("status"u8, status);
            if (reason is not null)
            {
                writer.WriteString("reason"u8, reason);
            }

            // Counted when the record gets its place in the trail, so that it counts itself and nothing slips between.
            var own = new EmitterCount(emitter.Issuer, emitter.Stream, emitter.RecordsIn(part.Trace) + 1);
            writer.WriteStartArray("emitters"u8);
            foreach (var count in others.Where(c => c.Stream != own.Stream).Prepend(own))
            {
                writer.WriteStartObject();
                writer.WriteString("emitter"u8, count.Emitter.ToString());
                writer.WriteString("stream"u8, count.Stream.ToString());
                writer.WriteNumber("records"u8, count.Records);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }));
    }
}
