namespace Cairn.Gateway.Messages;

/// <summary>What becomes of the messages of a line: some stay, with splices, some go.</summary>
internal static class LineAssembly
{
    /// <summary>
    /// The bytes to pass on. Where every message stays, only the splices differ from the line; a batch that lost some of
    /// its messages is an array of the others, each with its own bytes.
    /// </summary>
    /// <param name="line">The whole line with its end.</param>
    /// <param name="message">The line without its end.</param>
    /// <param name="messages">Its messages.</param>
    /// <param name="isBatch">It is a batch.</param>
    /// <param name="splicesOf">A message's splices in order; null when it does not pass.</param>
    /// <returns>Empty when nothing passes.</returns>
    public static ReadOnlyMemory<byte> Of(
        ReadOnlyMemory<byte> line, ReadOnlyMemory<byte> message, IReadOnlyList<McpMessage> messages, bool isBatch,
        Func<McpMessage, IReadOnlyList<LineSplice>?> splicesOf)
    {
        var kept = messages.Select(m => (Message: m, Splices: splicesOf(m))).Where(m => m.Splices is not null).ToList();
        if (kept.Count == messages.Count)
        {
            var splices = kept.SelectMany(m => m.Splices!).ToList();
            return splices.Count == 0 ? line : LineSplice.Apply(line.Span, splices);
        }

        if (kept.Count == 0 || !isBatch)
        {
            return default;
        }

        // What is no object has no bytes of its own here; it was declared, and means nothing to anybody.
        var bytes = new List<byte>(line.Length) { (byte)'[' };
        foreach (var (one, splices) in kept.Where(m => m.Message.Object.Length > 0))
        {
            if (bytes.Count > 1)
            {
                bytes.Add((byte)',');
            }

            bytes.AddRange(LineSplice.Apply(one.Object.In(line.Span), splices!, one.Object.Start));
        }

        bytes.Add((byte)']');
        bytes.AddRange(line.Span[message.Length..]);
        return bytes.ToArray();
    }
}
