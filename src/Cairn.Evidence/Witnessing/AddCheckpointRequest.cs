using System.Globalization;
using System.Text;
using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Witnessing;

/// <summary>
/// What a log asks a witness (C2SP tlog-witness, "add-checkpoint"): the size that the witness knows, a consistency proof from
/// there, and the new signed checkpoint. Parsing says nothing about whether proof or signatures are good.
/// </summary>
/// <param name="OldSize">The size of the latest checkpoint that the witness cosigned, 0 for none.</param>
/// <param name="Proof">The consistency proof from the old size to the checkpoint's (RFC 9162 §2.1.4.1).</param>
/// <param name="Checkpoint">The signed checkpoint.</param>
public sealed record AddCheckpointRequest(long OldSize, IReadOnlyList<Digest> Proof, SignedNote Checkpoint)
{
    /// <summary>The most hashes that a proof may have.</summary>
    public const int MaxProof = 63;

    /// <summary>The largest request that is read, in bytes: the longest proof and some sixty signatures.</summary>
    public const int MaxBytes = 256 * 1024;

    private const string Old = "old ";

    /// <summary>Parses a request's body.</summary>
    /// <exception cref="EvidenceFormatException">The bytes are not a request; the message names the line.</exception>
    public static AddCheckpointRequest Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new EvidenceFormatException($"add-checkpoint: a request has at most {MaxBytes} bytes, found {bytes.Length}");
        }

        var split = bytes.IndexOf("\n\n"u8);
        if (split < 0)
        {
            throw new EvidenceFormatException("add-checkpoint: expected an old size line, proof lines, an empty line and a checkpoint");
        }

        var lines = Encoding.UTF8.GetString(bytes[..split]).Split('\n');
        if (!lines[0].StartsWith(Old, StringComparison.Ordinal) || ParseSize(lines[0][Old.Length..]) is not { } oldSize)
        {
            throw new EvidenceFormatException($"add-checkpoint: line 1 should be \"old N\" without leading zeros, found \"{Hex.Excerpt(lines[0])}\"");
        }

        return lines.Length - 1 <= MaxProof
            ? new AddCheckpointRequest(
                oldSize,
                [.. lines.Skip(1).Select((line, i) => CanonicalBase64.DecodeDigest(line, $"add-checkpoint: line {i + 2}"))],
                SignedNote.Parse(bytes[(split + 2)..]))
            : throw new EvidenceFormatException($"add-checkpoint: a proof has at most {MaxProof} hashes, found {lines.Length - 1}");
    }

    /// <summary>The request's body.</summary>
    public byte[] Encode()
    {
        var text = new StringBuilder(Old).Append(OldSize.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in Proof)
        {
            text.Append(hash.ToBase64()).Append('\n');
        }

        return [.. Encoding.UTF8.GetBytes(text.Append('\n').ToString()), .. Checkpoint.Encode()];
    }

    /// <summary>A tree size as the protocol writes it: decimal, no leading zeros; null for anything else.</summary>
    internal static long? ParseSize(string digits) =>
        digits.Length > 0 && digits.All(char.IsAsciiDigit) && digits is not ['0', _, ..]
        && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null;
}
