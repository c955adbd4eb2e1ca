using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Cairn.Evidence.Records;

/// <summary>
/// One bit for each byte of a record, set at quotes and backslashes, so that the end of a string is found without
/// looking at its bytes again. Building it costs one pass at memory speed, which also finds control characters and
/// whether all is ASCII.
/// </summary>
internal readonly ref struct QuoteMap
{
    /// <summary>Words of 64 bits that the largest record needs.</summary>
    public const int MaxWords = (IJson.MaxRecordBytes + 63) / 64;

    private readonly ReadOnlySpan<ulong> _words;

    private QuoteMap(ReadOnlySpan<ulong> words) => _words = words;

    /// <summary>Builds the map in <paramref name="words"/>, which need not be cleared.</summary>
    public static QuoteMap Build(ReadOnlySpan<byte> utf8, Span<ulong> words, out bool hasControl, out bool isAscii)
    {
        words = words[..((utf8.Length + 63) / 64)];
        var control = Vector256<byte>.Zero;
        var any = Vector256<byte>.Zero;
        var whole = utf8.Length / 64;
        ref var first = ref MemoryMarshal.GetReference(utf8);
        for (var word = 0; word < whole; word++)
        {
            words[word] = Block(ref first, (nuint)(word * 64), ref control, ref any);
        }

        if (whole < words.Length)
        {
            Span<byte> rest = stackalloc byte[64];
            rest.Fill((byte)' ');
            utf8[(whole * 64)..].CopyTo(rest);
            words[whole] = Block(ref MemoryMarshal.GetReference(rest), 0, ref control, ref any);
        }

        hasControl = control != Vector256<byte>.Zero;
        isAscii = any.ExtractMostSignificantBits() == 0;
        return new QuoteMap(words);
    }

    /// <summary>Offset of the next quote or backslash at or after <paramref name="from"/>; -1 when there is none.</summary>
    public int Next(int from)
    {
        var word = from >> 6;
        if (word >= _words.Length)
        {
            return -1;
        }

        var bits = _words[word] & (ulong.MaxValue << from);
        while (bits == 0)
        {
            if (++word == _words.Length)
            {
                return -1;
            }

            bits = _words[word];
        }

        return (word << 6) + BitOperations.TrailingZeroCount(bits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Block(ref byte first, nuint offset, ref Vector256<byte> control, ref Vector256<byte> any)
    {
        var low = Vector256.LoadUnsafe(ref first, offset);
        var high = Vector256.LoadUnsafe(ref first, offset + 32);
        control |= Vector256.LessThan(low, Vector256.Create((byte)0x20)) | Vector256.LessThan(high, Vector256.Create((byte)0x20));
        any |= low | high;
        return Marks(low) | ((ulong)Marks(high) << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Marks(Vector256<byte> bytes) =>
        (Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))).ExtractMostSignificantBits();
}
