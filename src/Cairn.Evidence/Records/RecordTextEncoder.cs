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

    private RecordTextEncoder()
    {
    }

    public override int MaxOutputCharactersPerInputCharacter => 6;

    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is < 0x20 or '"' or '\\' || JsonScan.IsNoncharacter(unicodeScalar);

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var rest = new ReadOnlySpan<char>(text, textLength);
        for (var i = 0; i < rest.Length;)
        {
            if (Rune.DecodeFromUtf16(rest[i..], out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
            {
                return i;
            }

            i += length;
        }

        return -1;
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
}
