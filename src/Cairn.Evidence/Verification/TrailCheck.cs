using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>
/// The trail's own order, record by record: ordinals, ids, pairs of request and outcome, counts at the ends
/// (docs/spec/verification.md §5). It keeps state for each stream and open action, and the ids seen.
/// </summary>
internal sealed class TrailCheck(string trace, FailureList integrity, FailureList completeness, FailureList warnings, DateTimeOffset? checkpointTime, TimeSpan tolerance)
{
    private readonly byte[] _trace = System.Text.Encoding.ASCII.GetBytes(trace);
    private readonly SeenIds _ids = new();
    private readonly Dictionary<StreamId, (string Emitter, long Records, string By)> _listed = [];

    /// <summary>Which stream requested an action that is open: its outcome may stand in another run of the same issuer.</summary>
    private readonly Dictionary<RecordId, StreamState> _requesters = new(RandomizedIds.Instance);

    public long Records { get; private set; }

    public long Reported { get; private set; }

    public long Observed { get; private set; }

    public long Confirmed { get; private set; }

    public long Effects { get; private set; }

    /// <summary>How often an emitter declared that something is missing.</summary>
    public long Gaps { get; private set; }

    public bool HasRoot { get; private set; }

    public bool IsListed(StreamId stream) => _listed.ContainsKey(stream);

    /// <summary>Takes the next record of a stream.</summary>
    public void Take(StreamState stream, in RecordView record)
    {
        Records++;
        stream.Records++;
        if (!record.TraceText.SequenceEqual(_trace))
        {
            integrity.Add(ReasonCodes.RecordTrace, "record", Id(record), $"the trail {trace}", record.Trace.ToString());
        }

        if (!_ids.Add(record.Id))
        {
            integrity.Add(ReasonCodes.RecordDuplicate, "record", Id(record), "an id of its own", "the id of another record");
        }

        CheckSequence(stream, record);
        CheckTime(stream, record);
        stream.Ended = false;
        stream.OnlyGaps &= record.Kind.SequenceEqual("gap.declared"u8);
        var kind = record.Kind;
        if (kind.SequenceEqual("action.requested"u8))
        {
            stream.Open[record.Id] = false;
            _requesters.TryAdd(record.Id, stream);
            Count(stream, record);
        }
        else if (kind.SequenceEqual("action.completed"u8))
        {
            Complete(stream, record);
        }
        else if (kind.SequenceEqual("task.ended"u8))
        {
            End(stream, record);
        }
        else if (kind.SequenceEqual("task.started"u8))
        {
            HasRoot |= record.ParentText.IsEmpty;
        }
        else if (kind.SequenceEqual("effect.observed"u8))
        {
            Effects++;
        }
        else if (kind.SequenceEqual("gap.declared"u8))
        {
            Gaps++;
            stream.Ended = stream.OnlyGaps;
            warnings.Add(ReasonCodes.GapDeclared, "record", Id(record), "no declared gap", $"one of {Hex.Excerpt(RecordBodies.Text(record.Body, "count"))}: {Hex.Excerpt(RecordBodies.Text(record.Body, "reason"))}");
        }
    }

    /// <summary>Takes the end of the bundle.</summary>
    public void Finish(IEnumerable<StreamState> streams)
    {
        var present = streams.ToDictionary(state => state.Stream);
        if (Records == 0)
        {
            completeness.Add(ReasonCodes.TrailEmpty, "trail", trace, "records", "none");
        }

        foreach (var state in present.Values.Where(state => !state.Ended))
        {
            completeness.Add(
                ReasonCodes.EmitterOpen, "stream", state.Stream.ToString(), $"a task.ended as the last record of {Hex.Excerpt(state.Issuer.ToString())}",
                state.Records == 0 ? "no record" : $"{state.NextRecord} records without one at the end: it goes on, was cut off, or its tail was removed");
        }

        foreach (var (stream, (emitter, records, by)) in _listed)
        {
            if (!present.TryGetValue(stream, out var state))
            {
                completeness.Add(ReasonCodes.EmitterMissing, "stream", stream.ToString(), $"{records} records of {Hex.Excerpt(emitter)}, which record {by} counts", "none");
            }
            else if (state.Records < records)
            {
                completeness.Add(ReasonCodes.RecordsMissing, "stream", stream.ToString(), $"{records} records of {Hex.Excerpt(emitter)}, which record {by} counts", $"{state.Records}");
            }
        }

        foreach (var state in present.Values)
        {
            foreach (var (id, _) in state.Open.Where(pair => !pair.Value))
            {
                completeness.Add(ReasonCodes.ActionOpen, "record", id.ToString(), "an action.completed for this request", "none");
            }
        }
    }

    private static string Id(in RecordView record) => record.Id.ToString();

    private void CheckSequence(StreamState stream, in RecordView record)
    {
        if (record.Seq == stream.NextRecord)
        {
            stream.NextRecord++;
            return;
        }

        if (record.Seq > stream.NextRecord)
        {
            completeness.Add(
                ReasonCodes.SequenceGap, "record", Id(record), $"ordinal {stream.NextRecord} of stream {stream.Stream}",
                $"{record.Seq}: {record.Seq - stream.NextRecord} records before it are missing");
            stream.NextRecord = record.Seq + 1;
            return;
        }

        integrity.Add(ReasonCodes.SequenceRepeated, "record", Id(record), $"ordinal {stream.NextRecord} of stream {stream.Stream}", $"{record.Seq}: it came before, or stands in another order than it was made");
    }

    private void CheckTime(StreamState stream, in RecordView record)
    {
        if (record.Time > stream.LastTime)
        {
            if (checkpointTime is { } signed && record.Time - signed > tolerance)
            {
                warnings.Add(ReasonCodes.TimeAfterCheckpoint, "record", Id(record), $"a time before the checkpoint of {Times.Text(signed)}", Times.Text(record.Time));
            }

            stream.LastTime = record.Time;
        }
        else if (stream.LastTime - record.Time > tolerance)
        {
            warnings.Add(ReasonCodes.ClockWentBack, "record", Id(record), $"a time near {Times.Text(stream.LastTime)}, that of an earlier record of its stream", Times.Text(record.Time));
        }
    }

    private void Count(StreamState stream, in RecordView record)
    {
        // A gateway observes others; of its own acts it is the actor.
        var assurance = record.ActorIdText.SequenceEqual(stream.IssuerText) ? Assurance.Reported : stream.Rule?.Assurance ?? Assurance.Reported;
        Reported += assurance == Assurance.Reported ? 1 : 0;
        Observed += assurance == Assurance.Observed ? 1 : 0;
        Confirmed += assurance == Assurance.Confirmed ? 1 : 0;
    }

    private void Complete(StreamState stream, in RecordView record)
    {
        if (!RecordBodies.TryReadCompleted(record.Body, out var requested, out var accepted))
        {
            completeness.Add(ReasonCodes.RecordBody, "record", Id(record), "an outcome with requested and status", "one without");
        }
        else if (Requester(stream, requested) is not { } requester || !requester.Open.Remove(requested))
        {
            completeness.Add(ReasonCodes.ActionUnrequested, "record", Id(record), $"an open request {requested} of the same emitter", "none: it is missing, or has its outcome");
        }
        else if (accepted)
        {
            requester.Open[requested] = true;
        }
        else
        {
            _requesters.Remove(requested);
        }
    }

    private StreamState? Requester(StreamState stream, RecordId requested) =>
        stream.Open.ContainsKey(requested) ? stream
            : _requesters.TryGetValue(requested, out var other) && other.Issuer == stream.Issuer ? other : null;

    private void End(StreamState stream, in RecordView record)
    {
        if (RecordBodies.ReadEnded(record.Body) is not { } counts)
        {
            completeness.Add(ReasonCodes.RecordBody, "record", Id(record), "an outcome with emitters and their counts", "one without");
            return;
        }

        stream.Ended = true;
        var own = counts.Where(count => count.Stream == stream.Stream).Select(count => (long?)count.Records).FirstOrDefault();
        if (own != record.Seq + 1)
        {
            completeness.Add(ReasonCodes.CountMismatch, "record", Id(record), $"{record.Seq + 1} records of its own stream {stream.Stream}", own is null ? "no count" : $"{own}");
        }

        foreach (var (emitter, id, records) in counts)
        {
            if (id != stream.Stream && (!_listed.TryGetValue(id, out var before) || before.Records < records))
            {
                _listed[id] = (emitter, records, Id(record));
            }
        }
    }

    /// <summary>Hashes that nobody can aim at: ids come from emitters.</summary>
    private sealed class RandomizedIds : IEqualityComparer<RecordId>
    {
        public static readonly RandomizedIds Instance = new();

        public bool Equals(RecordId x, RecordId y) => x == y;

        public int GetHashCode(RecordId id) => HashCode.Combine(id.Bits);
    }
}
