namespace Cairn.Evidence.Records;

/// <summary>
/// The JSON that records are written in: I-JSON (RFC 7493) on one line, with every doubt that two parsers could settle
/// differently refused (docs/spec/records.md §2).
/// </summary>
public static class IJson
{
    /// <summary>The most bytes that one record may have.</summary>
    public const int MaxRecordBytes = 65536;

    /// <summary>The largest integer that every reader holds exactly.</summary>
    internal const long MaxSafeInteger = (1L << 53) - 1;

    /// <summary>How deep objects and arrays may nest; the outermost object is depth 1.</summary>
    public const int MaxDepth = 64;

    /// <summary>
    /// Accepts one JSON object and nothing around it but spaces. Refused: more than <see cref="MaxRecordBytes"/>;
    /// invalid UTF-8; a byte order mark; any byte below 0x20; names that are equal after unescaping; unpaired
    /// surrogates, noncharacters and NUL, literal or escaped; integers beyond ±(2^53-1); exponents; negative zero;
    /// fractions of more than 17 significant digits; nesting deeper than <see cref="MaxDepth"/>; anything but an object.
    /// </summary>
    /// <exception cref="EvidenceFormatException">The bytes are anything else; the message has the byte offset and the member's path.</exception>
    public static void Validate(ReadOnlySpan<byte> utf8) => JsonScan.Run(utf8, out _);
}
