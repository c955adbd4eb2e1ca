using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Cairn.Evidence;

/// <summary>A stream: one emitter process's run. 16 random bytes, written as 32 lower-case hexadecimal digits.</summary>
public readonly record struct StreamId
{
    private readonly string? _text;

    private StreamId(string text) => _text = text;

    /// <summary>A random stream id.</summary>
    public static StreamId New() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));

    /// <summary>Reads exactly 16 bytes.</summary>
    /// <exception cref="EvidenceFormatException">The span does not hold 16 bytes.</exception>
    public static StreamId FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == 16
        ? new StreamId(Convert.ToHexStringLower(bytes))
        : throw new EvidenceFormatException($"a stream id has 16 bytes, found {bytes.Length}");

    /// <summary>Parses 32 lower-case hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out StreamId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        var good = text is not null && Hex.TryDecode(text, bytes);
        id = good ? new StreamId(text!) : default;
        return good;
    }

    /// <summary>Parses 32 lower-case hexadecimal digits.</summary>
    /// <exception cref="EvidenceFormatException">The text is anything else.</exception>
    public static StreamId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new EvidenceFormatException($"expected a stream id of 32 lower-case hexadecimal digits, found \"{Hex.Excerpt(text)}\"");

    /// <summary>A new array of the 16 bytes.</summary>
    public byte[] ToArray() => Convert.FromHexString(ToString());

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => _text ?? new string('0', 32);
}
