using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;

namespace Cairn.Evidence.Records;

/// <summary>
/// Escapes what JSON must escape and nothing else, and writes U+FFFD for what I-JSON forbids in text (noncharacters;
/// unpaired surrogates become U+FFFD before they get here) and for NUL, which many stores cut text at. So hostile
/// text can never keep a record from being written.
/// </summary>
internal sealed class RecordTextEncoder : JavaScriptEncoder
{
    public static readonly RecordTextEncoder Instance = new();

    // Nearly all text is plain ASCII: it is passed at vector speed, and only what follows the first other byte rune by rune.
    private static readonly SearchValues<char> PlainCharacters = SearchValues.Create(Plain().ToArray());
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(Plain().Select(c => (byte)c).ToArray());

    private RecordTextEncoder()
    {
    }

    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is < 0x20 or '"' or '\\' || JsonScan.IsNoncharacter(unicodeScalar);

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var rest = new ReadOnlySpan<char>(text, textLength);
        var plain = rest.IndexOfAnyExcept(PlainCharacters);
        if (plain < 0)
        {
            return -1;
        }

        for (var i = plain; i < rest.Length;)
        {
            if (Rune.DecodeFromUtf16(rest[i..], out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return i;
            }

            i += length;
        }

        return -1;
    }

    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        var plain = utf8Text.IndexOfAnyExcept(PlainBytes);
        var after = plain < 0 ? -1 : base.FindFirstCharacterToEncodeUtf8(utf8Text[plain..]);
        return after < 0 ? -1 : plain + after;
    }

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var escape = unicodeScalar switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\b' => "\\b",
            '\f' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            > 0 and < 0x20 => $"\\u{unicodeScalar:x4}",
            _ when unicodeScalar == 0 || JsonScan.IsNoncharacter(unicodeScalar) => "\uFFFD",
            _ => char.ConvertFromUtf32(unicodeScalar),
        };
        numberOfCharactersWritten = escape.Length;
        return escape.AsSpan().TryCopyTo(new Span<char>(buffer, bufferLength));
    }

    private static IEnumerable<char> Plain() =>
        Enumerable.Range(0x20, 0x80 - 0x20).Select(code => (char)code).Where(character => character is not ('"' or '\\'));
}
