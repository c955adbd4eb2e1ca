using System.Buffers;
using System.Text.Json;

namespace Cairn.Evidence.Records;

/// <summary>
/// Writes records: members in the order of docs/spec/records.md §3, without spaces. What is written has passed the same
/// checks that a reader makes, so nothing is signed that a verifier would refuse.
/// </summary>
public static class RecordWriter
{
    /// <summary>Options for a <see cref="Utf8JsonWriter"/> whose text is I-JSON whatever strings it is given.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = RecordTextEncoder.Instance, Indented = false, MaxDepth = IJson.MaxDepth };

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    // The actor of the last record that passed the full check on this thread: a thread mostly writes for one.
    [ThreadStatic]
    private static Actor? _actor;

    [ThreadStatic]
    private static byte[]? _actorText;

    /// <summary>Writes a record.</summary>
    /// <param name="header">The common members.</param>
    /// <param name="body">Writes the members of the kind's own object; the object's braces are written around them.</param>
    /// <param name="attributes">OpenTelemetry attributes: strings, booleans, numbers, and arrays of them.</param>
    /// <exception cref="EvidenceFormatException">What was written is not a record (too large, a name twice, a number out of range).</exception>
    public static byte[] Write(RecordHeader header, Action<Utf8JsonWriter> body, IReadOnlyDictionary<string, object>? attributes = null)
    {
        var buffer = _buffer ?? new ArrayBufferWriter<byte>(1024);
        _buffer = null;
        try
        {
            Write(buffer, in header, body, attributes);
            return buffer.WrittenSpan.ToArray();
        }
        finally
        {
            buffer.ResetWrittenCount();
            _buffer = buffer.Capacity <= IJson.MaxRecordBytes ? buffer : null;
        }
    }

    /// <summary>Writes a record to the end of <paramref name="output"/>. On failure some bytes may have been written.</summary>
    /// <returns>The record's length in bytes.</returns>
    /// <inheritdoc cref="Write(RecordHeader, Action{Utf8JsonWriter}, IReadOnlyDictionary{string, object})"/>
    public static int Write(
        ArrayBufferWriter<byte> output, in RecordHeader header, Action<Utf8JsonWriter> body, IReadOnlyDictionary<string, object>? attributes = null) =>
        Write(output, in header, body, static (write, writer) => write(writer), attributes);

    /// <summary>Writes a record to the end of <paramref name="output"/>, allocating nothing when <paramref name="body"/> is static.</summary>
    /// <returns>The record's length in bytes.</returns>
    /// <inheritdoc cref="Write(RecordHeader, Action{Utf8JsonWriter}, IReadOnlyDictionary{string, object})"/>
    public static int Write<TState>(
        ArrayBufferWriter<byte> output, in RecordHeader header, TState state, Action<TState, Utf8JsonWriter> body,
        IReadOnlyDictionary<string, object>? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(body);
        var start = output.WrittenCount;
        var member = RecordKinds.BodyMemberUtf8(header.Kind);

        // Taken out of its place while in use: a body may write a record of its own.
        var writer = _writer ?? new Utf8JsonWriter(output, Options);
        _writer = null;
        var isKnownActor = ReferenceEquals(_actor, header.Actor);
        var actor = isKnownActor ? _actorText! : ActorText(writer, header.Actor);
        var text = new RecordHeaderText(output.GetSpan(RecordHeaderText.Room(in header, actor)));
        output.Advance(text.Write(in header, actor, member));
        var isGood = isKnownActor && RecordHeaderText.IsGood(in header);

        var bodyStart = output.WrittenCount;
        writer.Reset(output);
        writer.WriteStartObject();
        body(state, writer);
        writer.WriteEndObject();
        writer.Flush();
        isGood = isGood && JsonScan.IsGood(output.WrittenSpan[bodyStart..], depth: 2);
        if (attributes is { Count: > 0 })
        {
            output.Write(",\"attributes\":"u8);
            var attributesStart = output.WrittenCount;
            WriteAttributes(output, writer, attributes);
            isGood = isGood && JsonScan.IsGood(output.WrittenSpan[attributesStart..], depth: 2);
        }

        output.Write("}"u8);
        if (!isGood || output.WrittenCount - start > IJson.MaxRecordBytes)
        {
            // The full check decides, and names what is wrong where something is.
            _ = RecordView.Parse(output.WrittenSpan[start..]);
            (_actor, _actorText) = (header.Actor, actor);
        }

        writer.Reset(Nowhere);
        _writer = writer;
        return output.WrittenCount - start;
    }

    private static void WriteAttributes(ArrayBufferWriter<byte> output, Utf8JsonWriter writer, IReadOnlyDictionary<string, object> attributes)
    {
        writer.Reset(output);
        writer.WriteStartObject();
        foreach (var (name, value) in attributes)
        {
            writer.WritePropertyName(name);
            RecordAttributes.Write(writer, name, value);
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    private static byte[] ActorText(Utf8JsonWriter writer, Actor actor)
    {
        var text = new ArrayBufferWriter<byte>(256);
        writer.Reset(text);
        writer.WriteStartObject();
        writer.WriteString("id"u8, actor.Id.ToString());
        writer.WriteString("instance"u8, actor.Instance);
        writer.WriteString("owner"u8, actor.Owner);
        writer.WriteEndObject();
        writer.Flush();
        return text.WrittenSpan.ToArray();
    }

    /// <summary>What an idle writer points to, so that it keeps no caller's buffer alive.</summary>
    private static readonly Void Nowhere = new();

    private sealed class Void : IBufferWriter<byte>
    {
        public void Advance(int count) => throw new InvalidOperationException("an idle record writer was written to");

        public Memory<byte> GetMemory(int sizeHint = 0) => throw new InvalidOperationException("an idle record writer was written to");

        public Span<byte> GetSpan(int sizeHint = 0) => throw new InvalidOperationException("an idle record writer was written to");
    }
}
