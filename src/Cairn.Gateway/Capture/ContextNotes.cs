using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Gateway.Capture;

/// <summary>One thing known about a task's context, to be written as <c>context.captured</c> into every trail it matters to.</summary>
/// <param name="Sequence">Its place in the order of discoveries.</param>
/// <param name="Topic">What it is about; a newer note about the same topic replaces it.</param>
/// <param name="Body">Writes the record's body.</param>
/// <param name="Attributes">The record's attributes.</param>
/// <param name="Document">The captured document, UTF-8 JSON, to be kept as the capture profile says; empty: only its digest is told.</param>
internal sealed record ContextNote(
    long Sequence, string Topic, Action<Utf8JsonWriter> Body, IReadOnlyDictionary<string, object>? Attributes, ReadOnlyMemory<byte> Document);

/// <summary>What is known about server, client and tools, newest note per topic.</summary>
internal sealed class ContextNotes
{
    private readonly Dictionary<string, ContextNote> _notes = new(StringComparer.Ordinal);

    /// <summary>Sequence of the newest note.</summary>
    public long Newest { get; private set; }

    public void Set(string topic, Action<Utf8JsonWriter> body, IReadOnlyDictionary<string, object>? attributes = null, ReadOnlyMemory<byte> document = default) =>
        _notes[topic] = new ContextNote(++Newest, topic, body, attributes, document);

    public bool Remove(string topic) => _notes.Remove(topic);

    /// <summary>The notes newer than a sequence, oldest first.</summary>
    public IEnumerable<ContextNote> After(long sequence) => _notes.Values.Where(n => n.Sequence > sequence).OrderBy(n => n.Sequence);
}

/// <summary>Writes the body of <c>context.captured</c>.</summary>
internal static class ContextBody
{
    /// <summary>Bytes of tools in one record: with the rest of it under the 64 KiB of a record.</summary>
    private const int ToolBytesPerRecord = 40 * 1024;

    public static void WritePeer(Utf8JsonWriter writer, string subject, PeerInfo peer)
    {
        writer.WriteString("subject"u8, subject);
        writer.WriteString("digest"u8, $"sha256:{peer.Digest}");
        WriteText(writer, "name", peer.Name);
        WriteText(writer, "version", peer.Version);
        WriteText(writer, "protocol", peer.Protocol);
    }

    public static void WriteTools(Utf8JsonWriter writer, Digest manifest, IReadOnlyList<ListedTool> tools, bool changed)
    {
        writer.WriteString("subject"u8, "mcp.tools"u8);
        writer.WriteString("digest"u8, $"sha256:{manifest}");
        writer.WriteStartArray("tools"u8);
        foreach (var tool in tools)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, tool.Name);
            writer.WriteString("digest"u8, $"sha256:{tool.Digest}");
            if (tool.ReadOnly is { } readOnly)
            {
                writer.WriteBoolean("readOnly"u8, readOnly);
            }

            if (tool.Destructive is { } destructive)
            {
                writer.WriteBoolean("destructive"u8, destructive);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("changed"u8, changed);
    }

    /// <summary>The tools in groups that each fit one record.</summary>
    public static IEnumerable<IReadOnlyList<ListedTool>> Parts(IReadOnlyList<ListedTool> tools)
    {
        var part = new List<ListedTool>();
        var bytes = 0;
        foreach (var tool in tools)
        {
            // Six bytes for a character is the most that JSON escapes take; 150 is the rest of an entry.
            var cost = 150 + (6 * tool.Name.Length);
            if (part.Count > 0 && bytes + cost > ToolBytesPerRecord)
            {
                yield return part;
                (part, bytes) = ([], 0);
            }

            part.Add(tool);
            bytes += cost;
        }

        yield return part;
    }

    /// <summary>The definitions of tools as one JSON array, each as the server sent it; empty where any is not at hand.</summary>
    public static ReadOnlyMemory<byte> Definitions(IReadOnlyList<ListedTool> tools)
    {
        if (tools.Count == 0 || tools.Any(tool => tool.Definition.IsEmpty))
        {
            return default;
        }

        var array = new List<byte>(tools.Sum(tool => tool.Definition.Length + 1) + 2);
        foreach (var tool in tools)
        {
            array.Add(array.Count == 0 ? (byte)'[' : (byte)',');
            array.AddRange(tool.Definition.Span);
        }

        array.Add((byte)']');
        return array.ToArray();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }
}
