using System.IO.Hashing;
using System.Text;

namespace Cairn.Trails.Index;

/// <summary>
/// Turns a field's value into the 64-bit number that the index knows it by. The seed is random and of one index, so that
/// whoever writes records can't aim at another value's number (docs/decisions/0145-index-of-ordinals.md).
/// </summary>
/// <param name="seed">The index's seed.</param>
internal readonly struct Term(long seed)
{
    /// <summary>The number of a value.</summary>
    public long Of(RecordField field, ReadOnlySpan<byte> utf8) =>
        unchecked((long)XxHash3.HashToUInt64(utf8, seed ^ (long)((ulong)field * 0x9E3779B97F4A7C15)));

    /// <summary>The number of a value.</summary>
    public long Of(RecordField field, string text) => Of(field, Encoding.UTF8.GetBytes(text));
}
