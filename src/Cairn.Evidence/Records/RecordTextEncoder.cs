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

    /// <summary>Characters that are encoded or need a closer look: controls, quote, backslash, surrogates, noncharacters.</summary>
    private static readonly SearchValues<char> SuspectCharacters = SearchValues.Create(
        [.. Characters(0, 0x1f), '"', '\\', .. Characters(0xD800, 0xDFFF), .. Characters(0xFDD0, 0xFDEF), '\uFFFE', '\uFFFF']);

    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x60).Where(b => b is not ('"' or '\\')).Select(b => (byte)b)]);

    private RecordTextEncoder()
    {
    }

    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is < 0x20 or '"' or '\\' || JsonScan.IsNoncharacter(unicodeScalar);

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var all = new ReadOnlySpan<char>(text, textLength);
        for (var at = 0; ;)
        {
            var hit = all[at..].IndexOfAny(SuspectCharacters);
            if (hit < 0)
            {
                return -1;
            }

            at += hit;
            if (Rune.DecodeFromUtf16(all[at..], out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return at;
            }

            at += length;
        }
    }

    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        for (var at = 0; ;)
        {
            var hit = utf8Text[at..].IndexOfAnyExcept(PlainBytes);
            if (hit < 0)
            {
                return -1;
            }

            at += hit;
            if (Rune.DecodeFromUtf8(utf8Text[at..], out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return at;
            }

            at += length;
        }
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

    private static IEnumerable<char> Characters(int first, int last) => Enumerable.Range(first, last - first + 1).Select(c => (char)c);
}
