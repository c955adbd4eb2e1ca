using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.TrailGenerator;

/// <summary>
/// One trail as it happens: agents that work side by side, each a series of steps of which one is done at a time. It holds
/// what they have in common: the trace, the ordinals of each stream, who is still at work.
/// </summary>
internal sealed class TrailScript
{
    private readonly Fleet _fleet;
    private readonly TraceId _trace;
    private readonly long[] _ordinals;
    private readonly List<IEnumerator<bool>> _working = [];

    public TrailScript(Fleet fleet, TraceId trace)
    {
        (_fleet, _trace, _ordinals) = (fleet, trace, new long[fleet.Emitters.Count]);
        var agent = fleet.Random.Of<Actor>([.. fleet.Agents]);
        Left = Math.Max(10, fleet.Options.RecordsPerTrail);
        _working.Add(new AgentScript(this, fleet, agent, null, 0).Work().GetEnumerator());
    }

    /// <summary>How many records may still be made: agents begin nothing new when it is used up.</summary>
    public int Left { get; private set; }

    /// <summary>How many agents are at work: each ends its part with a record.</summary>
    public int Working => _working.Count;

    /// <summary>One agent does one step.</summary>
    /// <returns>False: all have ended.</returns>
    public bool Step()
    {
        var place = _fleet.Random.Below(_working.Count);
        if (!_working[place].MoveNext())
        {
            _working[place].Dispose();
            _working.RemoveAt(place);
        }

        return _working.Count > 0;
    }

    /// <summary>Another agent begins to work.</summary>
    public void Begin(AgentScript agent) => _working.Add(agent.Work().GetEnumerator());

    /// <summary>How many records an emitter has told in this trail.</summary>
    public long Told(FleetEmitter by) => _ordinals[by.Number];

    /// <summary>A record of an emitter is lost.</summary>
    public void Lose(FleetEmitter by) => _ordinals[by.Number]++;

    /// <summary>An emitter writes a record.</summary>
    /// <param name="by">The emitter.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="actor">Who acted.</param>
    /// <param name="place">Where in the trail's causes it stands.</param>
    /// <param name="body">Writes the kind's own members.</param>
    /// <param name="id">The record's id; null: a new one.</param>
    public RecordId Tell(FleetEmitter by, string kind, Actor actor, Place place, Action<Utf8JsonWriter> body, RecordId? id = null)
    {
        var time = _fleet.Now + by.Skew;
        var given = id ?? _fleet.Random.Record(time);
        _fleet.Made(by, RecordWriter.Write(
            new RecordHeader(given, kind, time, _trace, place.Span, place.Parent, place.Task == place.Span ? null : place.Task, _ordinals[by.Number]++, actor), body));
        Left--;
        return given;
    }
}

/// <summary>Where in a trail's causes a record stands.</summary>
/// <param name="Span">Its span.</param>
/// <param name="Parent">The span that caused it.</param>
/// <param name="Task">The task that it is part of.</param>
internal readonly record struct Place(SpanId Span, SpanId? Parent = null, SpanId? Task = null);
