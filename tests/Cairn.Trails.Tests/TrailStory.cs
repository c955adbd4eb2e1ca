using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Tests;

/// <summary>Records of one trail by one emitter, told one after the other, a millisecond apart.</summary>
internal sealed class TrailStory
{
    private static readonly DateTimeOffset Start = new(2026, 11, 25, 9, 0, 0, TimeSpan.Zero);
    private static readonly SpiffeId Gateway = SpiffeId.Parse("spiffe://cairn.local/gateway/test");
    private readonly List<TrailRecord> _records = [];
    private readonly TraceId _trace = TraceId.New();
    private readonly StreamId _stream = StreamId.New();

    public IReadOnlyList<TrailRecord> Records => _records;

    private DateTimeOffset Now => Start.AddMilliseconds(_records.Count);

    public RecordId NewId() => RecordId.New(Now);

    /// <summary>Adds a record with the members of <paramref name="body"/>.</summary>
    public RecordId Tell(string kind, RecordId? id = null, object? body = null)
    {
        var given = id ?? NewId();
        var actor = new Actor(SpiffeId.Parse("spiffe://cairn.local/agent/a"), "host:1", "team@example.org");
        var bytes = RecordWriter.Write(
            new RecordHeader(given, kind, Now, _trace, SpanId.New(), null, null, _records.Count, actor),
            writer =>
            {
                foreach (var member in JsonSerializer.SerializeToElement(body ?? new { }).EnumerateObject())
                {
                    member.WriteTo(writer);
                }
            });
        _records.Add(new TrailRecord(Record.Parse(bytes), Gateway, _stream, _records.Count));
        return given;
    }

    public Trail Read() => Trail.From(_records);
}
