using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Cairn.Trails.Index;

/// <summary>
/// A set of ordinals within one block of 65,536 records. Stored as ascending 16-bit numbers while that is shorter, and as
/// one bit for each ordinal else: 8,192 bytes. The form follows from the set alone, so equal sets are equal bytes.
/// </summary>
internal sealed class OrdinalSet
{
    /// <summary>How many ordinals a block has.</summary>
    public const int BlockSize = 1 << 16;

    private const int Words = BlockSize / 64;
    private const int BitmapBytes = BlockSize / 8;

    private readonly ulong[] _bits = new ulong[Words];

    /// <summary>Whether it holds nothing.</summary>
    public bool IsEmpty => !_bits.AsSpan().ContainsAnyExcept(0ul);

    /// <summary>Adds an ordinal.</summary>
    public void Add(int ordinal) => _bits[ordinal >> 6] |= 1ul << (ordinal & 63);

    /// <summary>Adds what an encoded set holds.</summary>
    /// <exception cref="InvalidDataException">The bytes are no set.</exception>
    public void Add(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length == BitmapBytes)
        {
            for (var word = 0; word < Words; word++)
            {
                _bits[word] |= BinaryPrimitives.ReadUInt64LittleEndian(encoded[(8 * word)..]);
            }

            return;
        }

        if (encoded.Length > BitmapBytes || encoded.Length % 2 != 0)
        {
            throw new InvalidDataException($"the index has a set of {encoded.Length} bytes; expected an even number up to {BitmapBytes}. Run: cairn reindex");
        }

        for (var at = 0; at < encoded.Length; at += 2)
        {
            Add(BinaryPrimitives.ReadUInt16LittleEndian(encoded[at..]));
        }
    }

    /// <summary>Keeps what both sets hold.</summary>
    public void Intersect(OrdinalSet other)
    {
        for (var word = 0; word < Words; word++)
        {
            _bits[word] &= other._bits[word];
        }
    }

    /// <summary>Holds nothing again.</summary>
    public void Clear() => Array.Clear(_bits);

    /// <summary>Every ordinal of a block that has so many.</summary>
    public void Fill(int count)
    {
        Array.Clear(_bits);
        _bits.AsSpan(0, count >> 6).Fill(ulong.MaxValue);
        if ((count & 63) != 0)
        {
            _bits[count >> 6] = (1ul << (count & 63)) - 1;
        }
    }

    /// <summary>Writes the ordinals, ascending, to the start of a span that has room for a block's.</summary>
    /// <returns>How many.</returns>
    public int CopyTo(Span<ushort> destination)
    {
        var count = 0;
        for (var word = 0; word < Words; word++)
        {
            for (var left = _bits[word]; left != 0; left &= left - 1)
            {
                destination[count++] = (ushort)((word << 6) | BitOperations.TrailingZeroCount(left));
            }
        }

        return count;
    }

    /// <summary>Encodes ordinals that ascend.</summary>
    public static byte[] Encode(ReadOnlySpan<ushort> ordinals)
    {
        if (2 * ordinals.Length < BitmapBytes)
        {
            var bytes = new byte[2 * ordinals.Length];
            for (var i = 0; i < ordinals.Length; i++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), ordinals[i]);
            }

            return bytes;
        }

        var bitmap = new byte[BitmapBytes];
        foreach (var ordinal in ordinals)
        {
            bitmap[ordinal >> 3] |= (byte)(1 << (ordinal & 7));
        }

        return bitmap;
    }

    /// <summary>Adds ordinals in any order to an encoded set.</summary>
    public static byte[] Merge(ReadOnlySpan<byte> encoded, List<ushort> added)
    {
        var set = new OrdinalSet();
        set.Add(encoded);
        foreach (var ordinal in added)
        {
            set.Add(ordinal);
        }

        var all = new ushort[BlockSize];
        return Encode(all.AsSpan(0, set.CopyTo(all)));
    }

    /// <summary>Encodes ordinals in any order, each perhaps several times.</summary>
    public static byte[] Encode(List<ushort> ordinals)
    {
        var span = CollectionsMarshal.AsSpan(ordinals);
        span.Sort();
        var kept = 0;
        for (var i = 0; i < span.Length; i++)
        {
            if (i == 0 || span[i] != span[i - 1])
            {
                span[kept++] = span[i];
            }
        }

        return Encode(span[..kept]);
    }
}
