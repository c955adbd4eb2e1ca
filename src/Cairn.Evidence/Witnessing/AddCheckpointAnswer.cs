using System.Globalization;
using System.Text;
using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Witnessing;

/// <summary>The two bodies by which a witness answers (C2SP tlog-witness, "add-checkpoint").</summary>
public static class AddCheckpointAnswer
{
    /// <summary>The media type of the body of a 409 answer.</summary>
    public const string SizeType = "text/x.tlog.size";

    /// <summary>The longest answer that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The body of a 200 answer.</summary>
    public static byte[] EncodeCosignatures(IEnumerable<NoteSignature> cosignatures) =>
        Encoding.UTF8.GetBytes(string.Concat(cosignatures.Select(cosignature => cosignature.Line)));

    /// <summary>The signature lines of a 200 answer to a request with this note. None of them is verified.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are something else than signature lines.</exception>
    public static IReadOnlyList<NoteSignature> ParseCosignatures(SignedNote note, ReadOnlySpan<byte> bytes)
    {
        var parsed = SignedNote.Parse([.. Encoding.UTF8.GetBytes(note.Body), (byte)'\n', .. bytes]);

        // An empty line in the answer would end another text than the one that was sent.
        return parsed.Body == note.Body
            ? parsed.Signatures
            : throw new EvidenceFormatException("add-checkpoint answer: expected signature lines, found an empty line");
    }

    /// <summary>The body of a 409 answer.</summary>
    public static byte[] EncodeSize(long size) => Encoding.ASCII.GetBytes(size.ToString(CultureInfo.InvariantCulture) + "\n");

    /// <summary>The size in a 409 answer.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are something else.</exception>
    public static long ParseSize(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return text.EndsWith('\n') && AddCheckpointRequest.ParseSize(text[..^1]) is { } size
            ? size
            : throw new EvidenceFormatException($"add-checkpoint answer: expected a size and a newline, found \"{Hex.Excerpt(text)}\"");
    }
}
