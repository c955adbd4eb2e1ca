using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Sdk;

namespace Cairn.Broker.Evidence;

/// <summary>
/// The broker's part of each trail that it writes into: opened by a <c>task.started</c> before its first record, closed by
/// a <c>task.ended</c> with counts when nothing more came for a while. A part can be opened again. Safe for several threads.
/// </summary>
internal sealed class BrokerTrails(Emitter emitter, Actor self, TimeProvider time)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);
    private readonly Dictionary<TraceId, Part> _parts = [];
    private readonly Lock _gate = new();

    /// <summary>Writes a record and waits until it is durable.</summary>
    /// <exception cref="EvidenceUnavailableException">It is not; it may follow later.</exception>
    public async ValueTask WriteAsync(string kind, TraceId trace, SpanId span, Actor? actor, Action<Utf8JsonWriter> body, RecordId? id = null)
    {
        ValueTask<RecordId> durable;
        lock (_gate)
        {
            // Under one lock, so that no part is closed between its opening and its record.
            if (!_parts.TryGetValue(trace, out var part))
            {
                part = new Part(SpanId.New(), span);
                emitter.Emit(Draft(RecordKinds.TaskStarted, trace, part.Task, part, self, json =>
                {
                    json.WriteString("principal"u8, (actor ?? self).Id.ToString());
                    json.WriteString("authenticated"u8, "broker"u8);
                    json.WriteString("channel"u8, "credential-broker"u8);
                    json.WriteString("owner"u8, self.Owner);
                }));
                _parts.Add(trace, part);
            }

            part.LastUsed = time.GetUtcNow();
            part.UnderWay++;
            durable = emitter.EmitDurableAsync(Draft(kind, trace, span, part, actor ?? self, body, id));
        }

        try
        {
            await durable;
        }
        finally
        {
            lock (_gate)
            {
                if (_parts.TryGetValue(trace, out var part))
                {
                    part.UnderWay--;
                }
            }
        }
    }

    /// <summary>Closes parts that nothing was written into for a while, or all.</summary>
    public void Close(bool all)
    {
        lock (_gate)
        {
            var before = time.GetUtcNow() - Idle;
            foreach (var (trace, part) in _parts.Where(p => p.Value.UnderWay == 0 && (all || p.Value.LastUsed <= before)).ToList())
            {
                emitter.Emit(Draft(RecordKinds.TaskEnded, trace, part.Task, part, self, json =>
                {
                    // Counted when the record gets its place in the trail, so that it counts itself.
                    var own = new EmitterCount(emitter.Issuer, emitter.Stream, emitter.RecordsIn(trace) + 1);
                    json.WriteString("status"u8, "done"u8);
                    json.WriteStartArray("emitters"u8);
                    json.WriteStartObject();
                    json.WriteString("emitter"u8, own.Emitter.ToString());
                    json.WriteString("stream"u8, own.Stream.ToString());
                    json.WriteNumber("records"u8, own.Records);
                    json.WriteEndObject();
                    json.WriteEndArray();
                }));
                _parts.Remove(trace);
            }
        }
    }

    private static RecordDraft Draft(string kind, TraceId trace, SpanId span, Part part, Actor actor, Action<Utf8JsonWriter> body, RecordId? id = null) => new()
    {
        Kind = kind,
        Trace = trace,
        Span = span,
        Parent = span == part.Task ? part.Caller : null,
        Task = part.Task,
        Actor = actor,
        Body = body,
        Id = id,
    };

    private sealed class Part(SpanId task, SpanId caller)
    {
        public SpanId Task { get; } = task;

        public SpanId Caller { get; } = caller;

        public DateTimeOffset LastUsed { get; set; }

        public int UnderWay { get; set; }
    }
}
