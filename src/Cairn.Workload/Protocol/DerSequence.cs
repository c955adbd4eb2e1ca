using System.Formats.Asn1;

namespace Cairn.Workload.Protocol;

/// <summary>Certificates as the Workload API sends them: DER values one after another, nothing between and after them.</summary>
internal static class DerSequence
{
    private const int Most = 1024;

    /// <exception cref="AsnContentException">The bytes are something else.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> bytes)
    {
        var values = new List<ReadOnlyMemory<byte>>();
        while (bytes.Length > 0)
        {
            var tag = AsnDecoder.ReadEncodedValue(bytes.Span, AsnEncodingRules.DER, out _, out _, out var length);
            if (tag != Asn1Tag.Sequence || values.Count == Most)
            {
                throw new AsnContentException($"expected at most {Most} certificates one after another");
            }

            values.Add(bytes[..length]);
            bytes = bytes[length..];
        }

        return values;
    }

    public static byte[] Join(IEnumerable<ReadOnlyMemory<byte>> values) => [.. values.SelectMany(value => value.ToArray())];
}
