namespace Cairn.Gateway.Messages;

/// <summary>One change to a line; every byte outside it stays as it is.</summary>
/// <param name="Offset">Where bytes are replaced.</param>
/// <param name="Removed">How many.</param>
/// <param name="Inserted">By which.</param>
internal readonly record struct LineSplice(int Offset, int Removed, byte[] Inserted)
{
    /// <summary>The line with the splices made; they do not overlap and stand in order.</summary>
    /// <param name="line">The line, or a part of it.</param>
    /// <param name="splices">The splices.</param>
    /// <param name="start">Where the part begins in the line that the offsets count from.</param>
    public static byte[] Apply(ReadOnlySpan<byte> line, IReadOnlyList<LineSplice> splices, int start = 0)
    {
        var changed = new byte[line.Length + splices.Sum(s => s.Inserted.Length - s.Removed)];
        var (from, to) = (0, 0);
        foreach (var splice in splices)
        {
            line[from..(splice.Offset - start)].CopyTo(changed.AsSpan(to));
            to += splice.Offset - start - from;
            splice.Inserted.CopyTo(changed.AsSpan(to));
            to += splice.Inserted.Length;
            from = splice.Offset - start + splice.Removed;
        }

        line[from..].CopyTo(changed.AsSpan(to));
        return changed;
    }
}
