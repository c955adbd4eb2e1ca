using System.Buffers;

namespace Cairn.Evidence.Records;

/// <summary>The form of a record's attributes (docs/spec/records.md §4): strings, booleans, numbers, and arrays of these.</summary>
internal static class AttributeForm
{
    private static readonly SearchValues<byte> Telling = SearchValues.Create("\"{[]n"u8);
    private static readonly SearchValues<byte> InText = SearchValues.Create("\"\\"u8);

    /// <summary>Where the first value of another form begins in the attributes, JSON that was scanned already; −1 when there is none.</summary>
    public static int FirstOther(ReadOnlySpan<byte> attributes)
    {
        var isInArray = false;
        for (var at = 1; at < attributes.Length; at++)
        {
            var next = attributes[at..].IndexOfAny(Telling);
            if (next < 0)
            {
                break;
            }

            at += next;
            switch (attributes[at])
            {
                case (byte)'"':
                    at = EndOfText(attributes, at + 1);
                    break;
                case (byte)'[' when !isInArray:
                    isInArray = true;
                    break;
                case (byte)']':
                    isInArray = false;
                    break;
                default:
                    // An object, an array in an array, or null: no other literal and no number has an n.
                    return at;
            }
        }

        return -1;
    }

    private static int EndOfText(ReadOnlySpan<byte> json, int at)
    {
        while (true)
        {
            at += json[at..].IndexOfAny(InText);
            if (json[at] == '"')
            {
                return at;
            }

            at += 2;
        }
    }
}
