using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Cairn.Evidence.Statements;

/// <summary>
/// Reads CBOR (RFC 8949) and accepts only its core deterministic encoding (§4.2.1): shortest heads, definite lengths,
/// map keys in bytewise order and once each. Byte strings are slices of the input, never copies.
/// </summary>
internal struct DeterministicCbor(ReadOnlyMemory<byte> bytes, string thing)
{
    private const int Unsigned = 0, Negative = 1, Bytes = 2, Text = 3, Array = 4, Map = 5, Tag = 6, Simple = 7;

    private static readonly string[] MajorTypes =
        ["an unsigned integer", "a negative integer", "a byte string", "a text string", "an array", "a map", "a tag", "a simple value"];

    /// <summary>Offset of the next byte.</summary>
    public int At { get; private set; }

    /// <summary>Reads a tag.</summary>
    public void ReadTag(ulong tag, string what)
    {
        var start = At;
        var found = Head(Tag, what);
        if (found != tag)
        {
            throw Error(start, what, $"tag {tag}", $"tag {found}");
        }
    }

    /// <summary>Reads an array's head: how many items follow.</summary>
    public int ReadArray(string what) => Count(Head(Array, what), what);

    /// <summary>Reads the head of an array of exactly <paramref name="items"/>.</summary>
    public void ReadArray(int items, string what)
    {
        var start = At;
        var found = Head(Array, what);
        if (found != (ulong)items)
        {
            throw Error(start, what, $"an array of {items}", $"an array of {found}");
        }
    }

    /// <summary>Reads a map's head: how many pairs follow.</summary>
    public int ReadMap(string what) => Count(Head(Map, what), what);

    /// <summary>Reads a map's integer key, which must come after <paramref name="previous"/> in the order of encoded keys.</summary>
    public long ReadKey(ref long? previous, string what)
    {
        var start = At;
        var key = ReadInteger(what);
        if (previous is { } before)
        {
            if (key == before)
            {
                throw Error(start, what, "each map key once", $"key {key} again");
            }

            // Bytewise: all non-negative keys, ascending, come before all negative keys, descending (RFC 8949 §4.2.1).
            if ((key < 0, key < 0 ? ~key : key).CompareTo((before < 0, before < 0 ? ~before : before)) < 0)
            {
                throw Error(start, what, "map keys in bytewise order (RFC 8949 §4.2.1)", $"key {key} after {before}");
            }
        }

        previous = key;
        return key;
    }

    /// <summary>Reads an integer of either sign.</summary>
    public long ReadInteger(string what)
    {
        var start = At;
        var negative = At < bytes.Length && bytes.Span[At] >> 5 == Negative;
        var value = Head(negative ? Negative : Unsigned, what);
        return value <= long.MaxValue
            ? negative ? -1 - (long)value : (long)value
            : throw Error(start, what, "an integer of 63 bits", "a larger one");
    }

    /// <summary>Reads an integer from 0 to <paramref name="most"/>.</summary>
    public long ReadUnsigned(long most, string what)
    {
        var start = At;
        var value = Head(Unsigned, what);
        return value <= (ulong)most ? (long)value : throw Error(start, what, $"an integer up to {most}", $"{value}");
    }

    /// <summary>Reads a byte string.</summary>
    public ReadOnlyMemory<byte> ReadBytes(string what) => Take(Head(Bytes, what), what);

    /// <summary>Reads a byte string of exactly <paramref name="length"/> bytes.</summary>
    public ReadOnlyMemory<byte> ReadBytes(int length, string what)
    {
        var start = At;
        var value = ReadBytes(what);
        return value.Length == length ? value : throw Error(start, what, $"{length} bytes", $"{value.Length}");
    }

    /// <summary>Reads a text string.</summary>
    public string ReadText(string what)
    {
        var start = At;
        var value = Take(Head(Text, what), what).Span;
        return Utf8.IsValid(value) ? Encoding.UTF8.GetString(value) : throw Error(start, what, "valid UTF-8", "other bytes");
    }

    /// <summary>Reads null when it stands next.</summary>
    public bool TryReadNull()
    {
        if (At >= bytes.Length || bytes.Span[At] != 0xf6)
        {
            return false;
        }

        At++;
        return true;
    }

    /// <summary>Whether a value of this major type stands next (0 unsigned … 7 simple).</summary>
    public readonly bool IsNext(int majorType) => At < bytes.Length && bytes.Span[At] >> 5 == majorType;

    /// <summary>The bytes read since <paramref name="start"/>.</summary>
    public readonly ReadOnlyMemory<byte> Since(int start) => bytes[start..At];

    /// <summary>Refuses bytes after the value.</summary>
    public readonly void End()
    {
        if (At != bytes.Length)
        {
            throw Error(At, thing, "the end", $"{bytes.Length - At} more bytes");
        }
    }

    /// <summary>An error about what stands at <paramref name="offset"/>.</summary>
    public readonly EvidenceFormatException Error(int offset, string what, string expected, string found) =>
        new($"{thing}, byte {offset}, {what}: expected {expected}, found {found}");

    private ulong Head(int majorType, string what)
    {
        var start = At;
        var span = bytes.Span;
        if (At >= span.Length)
        {
            throw Error(start, what, MajorTypes[majorType], "the end");
        }

        var initial = span[At];
        if (initial >> 5 != majorType)
        {
            throw Error(start, what, MajorTypes[majorType], MajorTypes[initial >> 5]);
        }

        var argument = initial & 0x1f;
        At++;
        if (argument < 24)
        {
            return (ulong)argument;
        }

        if (argument == 31)
        {
            throw Error(start, what, "a definite length", "an indefinite one");
        }

        if (argument > 27)
        {
            throw Error(start, what, "a well-formed head", $"the reserved additional information {argument}");
        }

        var size = 1 << (argument - 24);
        if (span.Length - At < size)
        {
            throw Error(start, what, "a whole head", "the end");
        }

        var (value, least) = argument switch
        {
            24 => (span[At], 24UL),
            25 => (BinaryPrimitives.ReadUInt16BigEndian(span[At..]), 0x100UL),
            26 => (BinaryPrimitives.ReadUInt32BigEndian(span[At..]), 0x1_0000UL),
            _ => (BinaryPrimitives.ReadUInt64BigEndian(span[At..]), 0x1_0000_0000UL),
        };
        At += size;
        return value >= least ? value : throw Error(start, what, "the shortest form of an integer or length", $"{value} in {size} bytes");
    }

    private ReadOnlyMemory<byte> Take(ulong length, string what)
    {
        if (length > (ulong)(bytes.Length - At))
        {
            throw Error(At, what, $"{length} bytes", $"{bytes.Length - At}");
        }

        var value = bytes.Slice(At, (int)length);
        At += (int)length;
        return value;
    }

    /// <summary>A count of items that could be there: each takes a byte at least, so a small input can't ask for much memory.</summary>
    private readonly int Count(ulong items, string what) => items <= (ulong)(bytes.Length - At)
        ? (int)items
        : throw Error(At, what, $"{items} items", $"{bytes.Length - At} bytes");
}
