using System.Security.Cryptography;
using System.Text;

namespace Cairn.Evidence.Commitments;

/// <summary>
/// Commitments to content, and the keys behind them (docs/spec/commitments.md): one key for each member of each record,
/// so that one content can be disclosed without opening its neighbours.
/// </summary>
public static class Commitment
{
    /// <summary>Length in bytes of trail keys and of the keys derived from them.</summary>
    public const int KeySize = 32;

    private static ReadOnlySpan<byte> CommitmentLabel => "cairn/v1/commitment\0"u8;

    private static ReadOnlySpan<byte> ContentLabel => "cairn/v1/content\0"u8;

    /// <summary>The key of the commitment in a record's member.</summary>
    /// <param name="trailKey">The trail's key, 32 bytes.</param>
    /// <param name="record">The record.</param>
    /// <param name="member">The member's name within the kind's own object, such as <c>input</c>.</param>
    public static byte[] CommitmentKey(ReadOnlySpan<byte> trailKey, RecordId record, string member) =>
        Derive(trailKey, CommitmentLabel, record, member);

    /// <summary>The key that the content behind a record's member is encrypted with.</summary>
    /// <inheritdoc cref="CommitmentKey"/>
    public static byte[] ContentKey(ReadOnlySpan<byte> trailKey, RecordId record, string member) =>
        Derive(trailKey, ContentLabel, record, member);

    /// <summary>HMAC-SHA256 of the content under a commitment key.</summary>
    public static Digest Commit(ReadOnlySpan<byte> commitmentKey, ReadOnlySpan<byte> content)
    {
        Check(commitmentKey, nameof(commitmentKey));
        Span<byte> value = stackalloc byte[Digest.Size];
        _ = HMACSHA256.HashData(commitmentKey, content, value);
        return new Digest(value);
    }

    /// <summary>Whether the content is what was committed to, compared in constant time.</summary>
    public static bool Matches(Digest commitment, ReadOnlySpan<byte> commitmentKey, ReadOnlySpan<byte> content) =>
        CryptographicOperations.FixedTimeEquals(commitment.ToArray(), Commit(commitmentKey, content).ToArray());

    /// <summary>HKDF-SHA256 (RFC 5869) of the trail key with an empty salt and info = label ‖ record id ‖ 0x00 ‖ member.</summary>
    private static byte[] Derive(ReadOnlySpan<byte> trailKey, ReadOnlySpan<byte> label, RecordId record, string member)
    {
        Check(trailKey, nameof(trailKey));
        ArgumentException.ThrowIfNullOrEmpty(member);
        var info = new byte[label.Length + RecordId.TextLength + 1 + Encoding.UTF8.GetByteCount(member)];
        label.CopyTo(info);
        record.Format(info.AsSpan(label.Length));
        Encoding.UTF8.GetBytes(member, info.AsSpan(label.Length + RecordId.TextLength + 1));
        return HkdfOneBlock(trailKey, info);
    }

    /// <summary>
    /// The first 32 bytes that HKDF-SHA256 derives with an empty salt (RFC 5869 §2): one HMAC to extract and one to
    /// expand, which is half the time of the general function.
    /// </summary>
    internal static byte[] HkdfOneBlock(ReadOnlySpan<byte> inputKey, ReadOnlySpan<byte> info)
    {
        Span<byte> pseudorandomKey = stackalloc byte[KeySize];
        _ = HMACSHA256.HashData(EmptySalt, inputKey, pseudorandomKey);
        var key = HMACSHA256.HashData(pseudorandomKey, [.. info, 0x01]);
        CryptographicOperations.ZeroMemory(pseudorandomKey);
        return key;
    }

    private static readonly byte[] EmptySalt = new byte[KeySize];

    private static void Check(ReadOnlySpan<byte> key, string name)
    {
        if (key.Length != KeySize)
        {
            throw new ArgumentException($"expected a key of {KeySize} bytes, found {key.Length}", name);
        }
    }
}
