using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Bench.Verification;

/// <summary>A record as its emitter hands it over.</summary>
internal readonly record struct MadeRecord(byte[] Bytes, IReadOnlyList<SealedContent> Contents);

/// <summary>
/// The records of one stream that tells a trail whole, so that every check of a verifier has its work and none fails: the task's
/// start, tool calls as pairs of request and outcome, each with a content of its own under the capture profile, and the end with its count.
/// </summary>
internal sealed class WholeTrail(SpiffeId emitter, StreamId stream, CaptureProfile profile, ITrailKeys keys)
{
    private readonly SpanId _task = SpanId.New();
    private readonly Actor _actor = new(emitter, "bench-1", "team-platform");
    private long _seq;

    public TraceId Trace { get; } = TraceId.New();

    /// <summary>Bytes of the contents so far, before they are encrypted.</summary>
    public long ContentBytes { get; private set; }

    /// <param name="count">How many records, even: a start, pairs, an end.</param>
    public IEnumerable<MadeRecord> Records(int count)
    {
        yield return new(Write(RecordId.New(Now), RecordKinds.TaskStarted, _task, null, json =>
        {
            json.WriteString("principal", "alice@example.com");
            json.WriteString("authenticated", "os-user");
            json.WriteString("channel", "mcp/stdio");
            json.WriteString("owner", "team-platform");
        }), []);
        for (var pair = 0; pair < (count / 2) - 1; pair++)
        {
            var (request, span) = (RecordId.New(Now), SpanId.New());
            var (input, kept) = Hold(request, "input", pair);
            yield return new(Write(request, RecordKinds.ActionRequested, span, _task, json =>
            {
                json.WriteString("type"u8, "tool.call"u8);
                json.WriteString("resource"u8, "mcp://server-everything/tools/echo"u8);
                input.WriteTo(json, "input");
                json.WriteBoolean("writes"u8, false);
                json.WriteBoolean("strict"u8, true);
            }), kept);
            var outcome = RecordId.New(Now);
            var (output, keptToo) = Hold(outcome, "output", pair);
            yield return new(Write(outcome, RecordKinds.ActionCompleted, span, _task, json =>
            {
                json.WriteString("type"u8, "tool.call"u8);
                json.WriteString("resource"u8, "mcp://server-everything/tools/echo"u8);
                json.WriteString("requested"u8, request.ToString());
                json.WriteString("status"u8, "ok"u8);
                output.WriteTo(json, "output");
                json.WriteNumber("duration_us"u8, 1000 + (pair * 7919 % 9000));
            }), keptToo);
        }

        yield return new(Write(RecordId.New(Now), RecordKinds.TaskEnded, _task, null, json =>
        {
            json.WriteString("status", "done");
            json.WriteStartArray("emitters");
            json.WriteStartObject();
            json.WriteString("emitter", emitter.ToString());
            json.WriteString("stream", stream.ToString());
            json.WriteNumber("records", _seq);
            json.WriteEndObject();
            json.WriteEndArray();
        }), []);
    }

    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    private (HeldCommitment Held, IReadOnlyList<SealedContent> Kept) Hold(RecordId record, string member, int number)
    {
        var content = Encoding.UTF8.GetBytes($$"""{"path":"/srv/orders/2026/{{number % 12 + 1}}/order-{{number}}.json","offset":{{number * 37 % 4096}},"encoding":"utf-8","note":"a text of ordinary length"}""");
        ContentBytes += content.Length;
        return ContentCapture.Hold(profile, keys, Trace, record, member, "application/json", content);
    }

    private byte[] Write(RecordId id, string kind, SpanId span, SpanId? parent, Action<Utf8JsonWriter> body) =>
        RecordWriter.Write(new RecordHeader(id, kind, Now, Trace, span, parent, null, _seq++, _actor), body);
}
