using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Cairn.Evidence;

/// <summary>A record's id: a UUID of version 7 in lower case (RFC 9562 §5.7).</summary>
public readonly record struct RecordId : IComparable<RecordId>
{
    /// <summary>Length of the text form.</summary>
    public const int TextLength = 36;

    private readonly Guid _value;

    // Random bytes are asked for in pages: the generator's price is in the call, and every record needs ten bytes.
    [ThreadStatic]
    private static byte[]? _randomness;

    [ThreadStatic]
    private static int _randomnessUsed;

    private RecordId(Guid value) => _value = value;

    /// <summary>A new id for a record made at <paramref name="time"/>: its milliseconds, then 74 random bits (RFC 9562 §5.7).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is before 1970.</exception>
    public static RecordId New(DateTimeOffset time)
    {
        const int Random = 10;
        var milliseconds = time.ToUnixTimeMilliseconds();
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds, nameof(time));
        var page = _randomness ??= new byte[100 * Random];
        if (_randomnessUsed == 0)
        {
            RandomNumberGenerator.Fill(page);
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, milliseconds << 16);
        page.AsSpan(_randomnessUsed, Random).CopyTo(bytes[6..]);
        _randomnessUsed = (_randomnessUsed + Random) % page.Length;
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new RecordId(new Guid(bytes, bigEndian: true));
    }

    /// <summary>Parses the 36-character lower-case form of a version 7 UUID.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecordId id)
    {
        var good = Guid.TryParseExact(text, "D", out var value) && value.Version == 7 && (value.Variant & 0xC) == 0x8 && value.ToString("D") == text;
        id = good ? new RecordId(value) : default;
        return good;
    }

    /// <summary>Parses the UTF-8 bytes of the 36-character lower-case form, without allocating.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out RecordId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        var good = utf8.Length == TextLength && utf8[8] == '-' && utf8[13] == '-' && utf8[18] == '-' && utf8[23] == '-'
            && Hex.TryDecode(utf8[..8], bytes[..4]) && Hex.TryDecode(utf8[9..13], bytes[4..6])
            && Hex.TryDecode(utf8[14..18], bytes[6..8]) && Hex.TryDecode(utf8[19..23], bytes[8..10])
            && Hex.TryDecode(utf8[24..], bytes[10..]) && bytes[6] >> 4 == 7 && bytes[8] >> 6 == 0b10;
        id = good ? new RecordId(new Guid(bytes, bigEndian: true)) : default;
        return good;
    }

    /// <summary>Parses the 36-character lower-case form of a version 7 UUID.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static RecordId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a record id (UUID version 7, lower case), found \"{Hex.Excerpt(text)}\"");

    /// <summary>Writes the text form as UTF-8 to the start of <paramref name="destination"/>, which has room for <see cref="TextLength"/> bytes.</summary>
    public void Format(Span<byte> destination) => _ = _value.TryFormat(destination, out _, "D")
        ? TextLength
        : throw new ArgumentException($"a record id takes {TextLength} bytes, found room for {destination.Length}", nameof(destination));

    /// <summary>All 128 bits, for hashes that whoever makes ids can't aim at.</summary>
    internal UInt128 Bits => System.Runtime.CompilerServices.Unsafe.BitCast<Guid, UInt128>(_value);

    /// <summary>The id that has these bits.</summary>
    internal static RecordId OfBits(UInt128 bits) => new(System.Runtime.CompilerServices.Unsafe.BitCast<UInt128, Guid>(bits));

    /// <summary>The order of the text forms.</summary>
    public int CompareTo(RecordId other) => _value.CompareTo(other._value);

    /// <summary>A hash that whoever makes ids can't aim at: it has a seed of this process.</summary>
    public override int GetHashCode()
    {
        var (upper, lower) = ((ulong)(Bits >> 64), (ulong)Bits);
        return HashCode.Combine(upper, lower);
    }

    /// <summary>The 36-character lower-case form.</summary>
    public override string ToString() => _value.ToString("D");
}
