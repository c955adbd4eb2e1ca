using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Cairn.Policy.Bundles;

/// <summary>The bytes of a sealed bundle: a line that names the format, then for each file a line with its path and length, its bytes, and a line feed.</summary>
internal static class SealedFormat
{
    private static ReadOnlySpan<byte> Header => "cairn-policy v1\n"u8;

    public static byte[] Write(ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> files)
    {
        var output = new ArrayBufferWriter<byte>();
        output.Write(Header);
        foreach (var (path, content) in files)
        {
            output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{path} {content.Length}\n")));
            output.Write(content.Span);
            output.Write("\n"u8);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="PolicyBundleException">The bytes are not of this form.</exception>
    public static IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> Read(ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.Span.StartsWith(Header))
        {
            throw new PolicyBundleException("expected a sealed policy bundle, which begins with the line \"cairn-policy v1\"");
        }

        var at = Header.Length;
        while (at < bytes.Length)
        {
            var (path, length, start) = Line(bytes.Span, at);
            if (length > bytes.Length - start - 1 || bytes.Span[start + length] != '\n')
            {
                throw new PolicyBundleException($"the sealed bundle is cut: {path} is said to have {length} bytes and a line feed, found less or more");
            }

            yield return new(path, bytes.Slice(start, length));
            at = start + length + 1;
        }
    }

    private static (string Path, int Length, int Start) Line(ReadOnlySpan<byte> bytes, int at)
    {
        var rest = bytes[at..];
        var end = rest.IndexOf((byte)'\n');
        var line = end is > 0 and <= 256 ? Encoding.Latin1.GetString(rest[..end]) : "";
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var digits = space < 0 ? "" : line[(space + 1)..];
        if (space <= 0 || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length.ToString(CultureInfo.InvariantCulture) != digits)
        {
            throw new PolicyBundleException($"the sealed bundle has no line with a path and a length at offset {at}");
        }

        return (line[..space], length, at + end + 1);
    }
}
