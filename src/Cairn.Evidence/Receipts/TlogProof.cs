using System.Globalization;
using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Receipts;

/// <summary>
/// A receipt as a C2SP tlog-proof: where an entry stands in the log, the path to the root, and the signed checkpoint.
/// Parsing proves nothing: the verifier brings the entry and the log's keys.
/// </summary>
/// <param name="Index">The entry's index.</param>
/// <param name="Path">Sibling hashes from leaf to root.</param>
/// <param name="Checkpoint">The signed checkpoint, with cosignatures.</param>
/// <param name="Extra">Data for the application; not authenticated by anything.</param>
public sealed record TlogProof(long Index, IReadOnlyList<Digest> Path, SignedNote Checkpoint, ReadOnlyMemory<byte>? Extra = null)
{
    private const string Header = "c2sp.org/tlog-proof@v1";

    /// <summary>Parses a proof.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a tlog-proof; the message names the line.</exception>
    public static TlogProof Parse(ReadOnlySpan<byte> bytes)
    {
        var split = bytes.IndexOf("\n\n"u8);
        if (split < 0)
        {
            throw new EvidenceFormatException("tlog-proof: expected lines, an empty line and a checkpoint");
        }

        var lines = Encoding.UTF8.GetString(bytes[..split]).Split('\n');
        if (lines[0] != Header)
        {
            throw new EvidenceFormatException($"tlog-proof: line 1 should be \"{Header}\", found \"{Hex.Excerpt(lines[0])}\"");
        }

        var at = 1;
        ReadOnlyMemory<byte>? extra = null;
        if (at < lines.Length && lines[at].StartsWith("extra ", StringComparison.Ordinal))
        {
            extra = CanonicalBase64.Decode(lines[at++]["extra ".Length..], "tlog-proof: line 2");
        }

        const string Word = "index ";
        var digits = at < lines.Length && lines[at].StartsWith(Word, StringComparison.Ordinal) ? lines[at][Word.Length..] : "";
        if (!digits.All(char.IsAsciiDigit) || digits is ['0', _, ..]
            || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            throw new EvidenceFormatException($"tlog-proof: line {at + 1} should be \"index N\" without leading zeros, found \"{Hex.Excerpt(lines.ElementAtOrDefault(at))}\"");
        }

        var path = lines[(at + 1)..];
        if (path.Length > 63)
        {
            throw new EvidenceFormatException($"tlog-proof: a path has at most 63 hashes, found {path.Length}");
        }

        return new TlogProof(
            index,
            [.. path.Select((line, i) => CanonicalBase64.DecodeDigest(line, $"tlog-proof: line {at + 2 + i}"))],
            SignedNote.Parse(bytes[(split + 2)..]),
            extra);
    }

    /// <summary>The proof's bytes.</summary>
    public byte[] Encode()
    {
        var text = new StringBuilder();
        text.Append(Header).Append('\n');
        if (Extra is { } extra)
        {
            text.Append("extra ").Append(Convert.ToBase64String(extra.Span)).Append('\n');
        }

        text.Append("index ").Append(Index.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in Path)
        {
            text.Append(hash.ToBase64()).Append('\n');
        }

        return [.. Encoding.UTF8.GetBytes(text.Append('\n').ToString()), .. Checkpoint.Encode()];
    }

    /// <summary>Whether the path leads from this entry to the checkpoint's root. The checkpoint's signatures are the caller's to check.</summary>
    /// <exception cref="EvidenceFormatException">The note's body is not a checkpoint.</exception>
    public bool Proves(ReadOnlySpan<byte> entry)
    {
        var head = Checkpoints.Checkpoint.Of(Checkpoint).Head;
        return InclusionProof.Verify(MerkleHash.Leaf(entry), Index, head.Size, [.. Path], head.Root);
    }
}
