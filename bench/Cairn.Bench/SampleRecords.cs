using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Bench;

/// <summary>
/// The record that all figures are for: <c>action.requested</c> of an MCP tool call as the gateway writes it in the
/// metadata profile, a commitment in place of the input.
/// </summary>
internal sealed class SampleRecords(SpiffeId emitter)
{
    private static readonly HeldCommitment Input = new(Digest.Sha256("input"u8), 118, "application/json", ContentHandling.None);

    public SampleRecords()
        : this(SpiffeId.Parse("spiffe://cairn.local/agent/bench"))
    {
    }

    public SpiffeId Emitter { get; } = emitter;

    public TraceId Trace { get; } = TraceId.New();

    public SpanId Span { get; } = SpanId.New();

    public SpanId Parent { get; } = SpanId.New();

    public Actor Actor { get; } = new(emitter, "bench-1", "team-platform");

    /// <summary>Writes the members of <c>action</c>.</summary>
    public static void WriteBody(Utf8JsonWriter writer) => WriteBody(writer, Input);

    /// <summary>
    /// The record at ordinal <paramref name="seq"/> of the trail, with a span and a commitment of its own, as real ones have:
    /// stored bytes would come out too low if those compressed away.
    /// </summary>
    public byte[] Write(long seq)
    {
        var unique = Digest.Sha256(BitConverter.GetBytes(seq));
        var input = Input with { Value = unique };
        return RecordWriter.Write(
            new RecordHeader(RecordId.New(DateTimeOffset.UtcNow), RecordKinds.ActionRequested, DateTimeOffset.UtcNow, Trace, SpanId.New(), Parent, null, seq, Actor),
            writer => WriteBody(writer, input));
    }

    private static void WriteBody(Utf8JsonWriter writer, HeldCommitment input)
    {
        writer.WriteString("type"u8, "tool.call"u8);
        writer.WriteString("resource"u8, "mcp://server-everything/tools/echo"u8);
        input.WriteTo(writer, "input");
        writer.WriteBoolean("writes"u8, false);
        writer.WriteBoolean("strict"u8, true);
    }
}
