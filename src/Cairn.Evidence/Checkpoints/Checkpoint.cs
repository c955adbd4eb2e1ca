using System.Globalization;
using System.Text;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Checkpoints;

/// <summary>A log's tree head as text (C2SP tlog-checkpoint). Cairn's own ledgers write no extension lines; readers take them.</summary>
public sealed record Checkpoint(string Origin, long Size, Digest Root, IReadOnlyList<string>? Extensions = null)
{
    /// <summary>The note's body: origin, size, root, and extension lines if any, each ended by a newline.</summary>
    public string Body
    {
        get
        {
            var body = new StringBuilder();
            body.Append(Origin).Append('\n').Append(Size.ToString(CultureInfo.InvariantCulture)).Append('\n').Append(Root.ToBase64()).Append('\n');
            foreach (var line in Extensions ?? [])
            {
                body.Append(line).Append('\n');
            }

            return body.ToString();
        }
    }

    /// <summary>Size and root.</summary>
    public TreeHead Head => new(Size, Root);

    /// <summary>Parses a note's body.</summary>
    /// <exception cref="EvidenceFormatException">The body is not a checkpoint's; the message names the line.</exception>
    public static Checkpoint ParseBody(string body)
    {
        var lines = body.Split('\n');
        if (lines.Length < 4 || lines[^1].Length != 0)
        {
            throw new EvidenceFormatException($"checkpoint: expected at least three lines (origin, size, root), found {lines.Length - 1}");
        }

        if (lines[0].Length == 0 || Encoding.UTF8.GetByteCount(lines[0]) > 255)
        {
            throw new EvidenceFormatException($"checkpoint: the origin should have 1 to 255 bytes, found \"{Hex.Excerpt(lines[0])}\"");
        }

        if (!lines[1].All(char.IsAsciiDigit) || lines[1] is ['0', _, ..] || !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size))
        {
            throw new EvidenceFormatException($"checkpoint: the size should be a decimal number without leading zeros, found \"{Hex.Excerpt(lines[1])}\"");
        }

        var root = CanonicalBase64.DecodeDigest(lines[2], "checkpoint: the root");
        if (size == 0 && root != MerkleHash.EmptyTree)
        {
            throw new EvidenceFormatException($"checkpoint: size 0 with root {root}, expected the empty tree's {MerkleHash.EmptyTree}");
        }

        if (lines.AsSpan(3, lines.Length - 4).Contains(""))
        {
            throw new EvidenceFormatException("checkpoint: an extension line is empty");
        }

        return new Checkpoint(lines[0], size, root, lines.Length == 4 ? null : lines[3..^1]);
    }

    /// <summary>The checkpoint in a note's body.</summary>
    /// <exception cref="EvidenceFormatException">The body is not a checkpoint's.</exception>
    public static Checkpoint Of(SignedNote note) => ParseBody(note.Body);

    /// <summary>Extension lines compare by content; none and an empty list are the same.</summary>
    public bool Equals(Checkpoint? other) => other is not null && Origin == other.Origin && Head == other.Head
        && (Extensions ?? []).SequenceEqual(other.Extensions ?? [], StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Size, Root);
}
