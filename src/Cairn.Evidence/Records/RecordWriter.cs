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

        // Taken out of its place while in use: a body may write a record of its own.
        var writer = _writer ?? new Utf8JsonWriter(output, Options);
        _writer = null;
        writer.Reset(output);
        WriteMembers(writer, in header, state, body, attributes);
        writer.Flush();
        _ = RecordView.Parse(output.WrittenSpan[start..]);
        writer.Reset(Nowhere);
        _writer = writer;
        return output.WrittenCount - start;
    }

    private static void WriteMembers<TState>(
        Utf8JsonWriter writer, in RecordHeader header, TState state, Action<TState, Utf8JsonWriter> body, IReadOnlyDictionary<string, object>? attributes)
    {
        Span<byte> text = stackalloc byte[RecordId.TextLength];
        writer.WriteStartObject();
        writer.WriteNumber("v"u8, 1);
        header.Id.Format(text);
        writer.WriteString("id"u8, text);
        writer.WriteString("kind"u8, header.Kind);
        writer.WriteString("time"u8, CommonMembers.FormatTime(header.Time, text));
        writer.WriteString("trace"u8, header.Trace.ToString());
        writer.WriteString("span"u8, header.Span.ToString());
        if (header.Parent is { } parent)
        {
            writer.WriteString("parent"u8, parent.ToString());
        }

        if (header.Task is { } task)
        {
            writer.WriteString("task"u8, task.ToString());
        }

        writer.WriteNumber("seq"u8, header.Seq);
        writer.WriteStartObject("actor"u8);
        writer.WriteString("id"u8, header.Actor.Id.ToString());
        writer.WriteString("instance"u8, header.Actor.Instance);
        writer.WriteString("owner"u8, header.Actor.Owner);
        writer.WriteEndObject();
        writer.WriteStartObject(RecordKinds.BodyMember(header.Kind));
        body(state, writer);
        writer.WriteEndObject();
        if (attributes is { Count: > 0 })
        {
            writer.WriteStartObject("attributes"u8);
            foreach (var (name, value) in attributes)
            {
                writer.WritePropertyName(name);
                RecordAttributes.Write(writer, name, value);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
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
