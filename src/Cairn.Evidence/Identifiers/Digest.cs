using System.Buffers.Binary;

namespace Cairn.Evidence;

/// <summary>A SHA-256 value: 32 bytes, compared by content. The default value is all zeros.</summary>
public readonly record struct Digest
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of the text form.</summary>
    public const int TextLength = 2 * Size;

    private readonly ulong _a, _b, _c, _d;

    /// <summary>Reads exactly 32 bytes.</summary>
    /// <exception cref="ArgumentException">The span does not hold 32 bytes.</exception>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"a SHA-256 digest has {Size} bytes, found {bytes.Length}", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>SHA-256 of <paramref name="data"/>, without any domain separation.</summary>
    public static Digest Sha256(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Size];
        Cairn.Evidence.Sha256.Hash(data, hash);
        return new Digest(hash);
    }

    /// <summary>Parses 64 lower-case hexadecimal digits.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static Digest ParseHex(string text)
    {
        Span<byte> bytes = stackalloc byte[Size];
        return Hex.TryDecode(text, bytes)
            ? new Digest(bytes)
            : throw new EvidenceFormatException($"expected a digest of 64 lower-case hexadecimal digits, found \"{Hex.Excerpt(text)}\"");
    }

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>A new array of the 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Standard base64 with padding, as checkpoints and proofs write hashes.</summary>
    public string ToBase64()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToBase64String(bytes);
    }

    /// <summary>Writes the 64 lower-case hexadecimal digits as UTF-8 to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentException">The destination has no room for them.</exception>
    public void Format(Span<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        if (!Convert.TryToHexStringLower(bytes, destination, out _))
        {
            throw new ArgumentException($"a digest takes {TextLength} bytes, found room for {destination.Length}", nameof(destination));
        }
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
