using System.Buffers.Binary;
using Cairn.Evidence;

namespace Cairn.TrailGenerator;

/// <summary>
/// Numbers and ids that follow from a seed alone, on every machine and every version of the runtime: SplitMix64 (Steele, Lea
/// and Flood, OOPSLA 2014). Not for secrets.
/// </summary>
/// <param name="seed">The same seed gives the same series.</param>
public sealed class Seeded(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 up to <paramref name="end"/> (exclusive), which is at least 1.</summary>
    public int Below(int end) => (int)(Next() % (ulong)end);

    /// <summary>True in <paramref name="share"/> of all cases (0 to 1).</summary>
    public bool Chance(double share) => (Next() >> 11) * (1.0 / (1UL << 53)) < share;

    /// <summary>One of several.</summary>
    public T Of<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    /// <summary>A span id.</summary>
    public SpanId Span() => SpanId.Parse((Next() | 1).ToString("x16"));

    /// <summary>A trace id.</summary>
    public TraceId Trace() => TraceId.Parse($"{Next():x16}{Next() | 1:x16}");

    /// <summary>A stream id.</summary>
    public StreamId Stream() => StreamId.Parse($"{Next():x16}{Next():x16}");

    /// <summary>64 hexadecimal digits that no other record has: what stands for a commitment or a digest.</summary>
    public void Hash(Span<byte> digits)
    {
        Span<byte> bytes = stackalloc byte[32];
        for (var i = 0; i < 32; i += 8)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes[i..], Next());
        }

        _ = Convert.TryToHexStringLower(bytes, digits, out _);
    }

    /// <summary>A record's id: a UUID of version 7 of that time (RFC 9562 §5.7).</summary>
    public RecordId Record(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        Span<byte> text = stackalloc byte[RecordId.TextLength];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Next());
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Next());
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(time.ToUnixTimeMilliseconds() >> 16));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], (ushort)time.ToUnixTimeMilliseconds());
        _ = new Guid(bytes, bigEndian: true).TryFormat(text, out _, "D");
        return RecordId.TryParse(text, out var id) ? id : throw new InvalidOperationException("a UUID just made is none");
    }
}
