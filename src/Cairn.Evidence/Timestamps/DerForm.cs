using System.Formats.Asn1;

namespace Cairn.Evidence.Timestamps;

/// <summary>Whether bytes are DER throughout: definite lengths in their shortest form, tags below 31, nothing left over.</summary>
internal static class DerForm
{
    private const int MaxDepth = 32;

    /// <exception cref="EvidenceFormatException">They are not.</exception>
    public static void Check(ReadOnlyMemory<byte> der)
    {
        try
        {
            var end = Element(der.Span, 0);
            if (end != der.Length)
            {
                throw new EvidenceFormatException($"expected one element, found {der.Length - end} bytes after it");
            }
        }
        catch (AsnContentException error)
        {
            throw new EvidenceFormatException($"expected DER, found other bytes ({error.Message})", error);
        }
    }

    private static int Element(ReadOnlySpan<byte> bytes, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new EvidenceFormatException($"expected at most {MaxDepth} levels of elements, found more");
        }

        if (!bytes.IsEmpty && (bytes[0] & 0x1f) == 0x1f)
        {
            throw new EvidenceFormatException("expected tags below 31, found one above");
        }

        var tag = AsnDecoder.ReadEncodedValue(bytes, AsnEncodingRules.DER, out var start, out var length, out var consumed);
        if (tag.IsConstructed)
        {
            for (var at = 0; at < length;)
            {
                at += Element(bytes.Slice(start + at, length - at), depth + 1);
            }
        }

        return consumed;
    }
}
