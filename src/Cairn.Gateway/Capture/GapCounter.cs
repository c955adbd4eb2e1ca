using System.Globalization;
using Cairn.Evidence.Records;

namespace Cairn.Gateway.Capture;

/// <summary>
/// Declares what passed unread or was refused as no message. The first of a kind is declared at once; the ones that
/// follow are counted and declared together, so that a flood of noise does not become a flood of records.
/// </summary>
/// <param name="sink">Where the records go.</param>
/// <param name="trails">Gaps stand in the main trail.</param>
/// <param name="time">The clock.</param>
internal sealed class GapCounter(EvidenceSink sink, TrailParts trails, TimeProvider time)
{
    private readonly Dictionary<(string Reason, string Subject), Count> _counts = [];

    /// <param name="reason">A stable code.</param>
    /// <param name="subject">Whose message it was: <c>client</c> or <c>server</c>.</param>
    /// <param name="detail">What and where, without content.</param>
    public void Declare(string reason, string subject, string detail)
    {
        var key = (reason, subject);
        if (_counts.TryGetValue(key, out var count))
        {
            count.Add(time.GetUtcNow());
        }
        else
        {
            _counts[key] = new Count();
            Emit(reason, subject, detail, 1, null);
        }
    }

    /// <summary>Declares what was counted since the last time.</summary>
    public void Flush()
    {
        foreach (var ((reason, subject), count) in _counts)
        {
            if (count.Value > 0)
            {
                Emit(reason, subject, "more of the same", count.Value, count);
                count.Reset();
            }
        }
    }

    private void Emit(string reason, string subject, string detail, long number, Count? period)
    {
        var (from, to) = (period?.From, period?.To);
        var part = trails.Main;
        sink.Emit(sink.Draft(RecordKinds.GapDeclared, part, part.Task, part.Caller, writer =>
        {
            writer.WriteString("reason"u8, reason);
            writer.WriteNumber("count"u8, number);
            if (from is { } first && to is { } last)
            {
                writer.WriteString("from"u8, Format(first));
                writer.WriteString("to"u8, Format(last));
            }

            writer.WriteString("detail"u8, detail);
            writer.WriteString("subject"u8, subject);
        }));
    }

    private static string Format(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private sealed class Count
    {
        public long Value { get; private set; }

        public DateTimeOffset From { get; private set; }

        public DateTimeOffset To { get; private set; }

        public void Add(DateTimeOffset instant)
        {
            From = Value == 0 ? instant : From;
            (Value, To) = (Value + 1, instant);
        }

        public void Reset() => Value = 0;
    }
}
