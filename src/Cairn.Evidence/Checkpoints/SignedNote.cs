using System.Text;

namespace Cairn.Evidence.Checkpoints;

/// <summary>A C2SP signed note: a text body and signature lines. Parsing says nothing about whether any signature is good.</summary>
public sealed class SignedNote
{
    /// <summary>The largest note that is read, in bytes: room for a thousand ML-DSA-44 cosignatures.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The most signature lines that are read (the specification asks for at least 16).</summary>
    public const int MaxSignatures = 1000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A note of a body, which ends in a newline, and signatures.</summary>
    /// <exception cref="EvidenceFormatException">The body is not a note's body, or a signature's name not a key's name.</exception>
    public SignedNote(string body, IReadOnlyList<NoteSignature> signatures)
    {
        CheckBody(body);
        if (signatures.FirstOrDefault(signature => !NoteSignature.IsName(signature.Name)) is { } wrong)
        {
            throw new EvidenceFormatException($"signed note: \"{Hex.Excerpt(wrong.Name)}\" cannot be a key's name (no spaces, no plus sign, not empty)");
        }

        (Body, Signatures) = (body, signatures);
    }

    /// <summary>The signed text, with its final newline.</summary>
    public string Body { get; }

    /// <summary>The signature lines in order, known and unknown.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>Parses a note: the body ends at the last empty line (C2SP signed-note, "Format").</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a note.</exception>
    public static SignedNote Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"a signed note has at most {MaxBytes} bytes, found {bytes.Length}");
        }

        string text;
        try
        {
            text = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException problem)
        {
            throw new EvidenceFormatException($"signed note: invalid UTF-8 at byte {problem.Index}", problem);
        }

        // Key names hold no empty line, so the last one ends the body, whatever the body holds.
        var split = text.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0 || !text.EndsWith('\n'))
        {
            throw new EvidenceFormatException("signed note: expected a text, an empty line and signature lines, each ended by a newline");
        }

        var lines = text[(split + 2)..].Split('\n')[..^1];
        if (lines.Length is 0 or > MaxSignatures)
        {
            throw new EvidenceFormatException($"signed note: expected 1 to {MaxSignatures} signature lines, found {lines.Length}");
        }

        return new SignedNote(text[..(split + 1)], [.. lines.Select(ParseLine)]);
    }

    /// <summary>The note's bytes.</summary>
    public byte[] Encode() => Strict.GetBytes($"{Body}\n{string.Concat(Signatures.Select(signature => signature.Line))}");

    /// <summary>The same note with one more signature.</summary>
    public SignedNote With(NoteSignature more) => new(Body, [.. Signatures, more]);

    private static void CheckBody(string body)
    {
        if (!body.EndsWith('\n'))
        {
            throw new EvidenceFormatException("signed note: the text does not end in a newline");
        }

        if (!NoteSignature.IsWellFormed(body))
        {
            throw new EvidenceFormatException("signed note: half of a surrogate pair in the text, which UTF-8 cannot carry");
        }

        var control = body.AsSpan().IndexOfAnyInRange('\u0000', '\u0009') is var low and >= 0 ? low : body.AsSpan().IndexOfAnyInRange('\u000b', '\u001f');
        if (control >= 0)
        {
            throw new EvidenceFormatException($"signed note: control character U+{(int)body[control]:X4} in the text at character {control}");
        }
    }

    private static NoteSignature ParseLine(string line, int number)
    {
        var parts = line.Split(' ');
        if (parts is not ["—", var name, var base64] || !NoteSignature.IsName(name))
        {
            throw new EvidenceFormatException($"signed note: signature line {number + 1} should be \"— NAME BASE64\", found \"{Hex.Excerpt(line)}\"");
        }

        var blob = CanonicalBase64.Decode(base64, $"signed note: signature line {number + 1}");
        return blob.Length > 4
            ? new NoteSignature(name, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(blob), blob.AsMemory(4))
            : throw new EvidenceFormatException($"signed note: signature line {number + 1} holds {blob.Length} bytes, too few for a key id and a signature");
    }
}
