using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Evidence.Commitments;

/// <summary>Content at rest: AES-256-GCM under the content key of its record and member (docs/spec/commitments.md §4).</summary>
/// <param name="Record">The record that commits to it.</param>
/// <param name="Member">The member that commits to it, such as <c>input</c> or <c>output</c>.</param>
/// <param name="Trace">The trail whose key it is under.</param>
/// <param name="Ciphertext">12 bytes of nonce, the encrypted content, 16 bytes of tag.</param>
public sealed record SealedContent(RecordId Record, string Member, TraceId Trace, ReadOnlyMemory<byte> Ciphertext)
{
    private const int NonceSize = 12, TagSize = 16;

    /// <summary>Encrypts content under a random nonce.</summary>
    /// <param name="trailKey">The trail's key, 32 bytes.</param>
    /// <param name="trace">The trail.</param>
    /// <param name="record">The record that commits to the content.</param>
    /// <param name="member">The member that does.</param>
    /// <param name="content">What to encrypt.</param>
    public static SealedContent Seal(ReadOnlySpan<byte> trailKey, TraceId trace, RecordId record, string member, ReadOnlySpan<byte> content)
    {
        var ciphertext = new byte[NonceSize + content.Length + TagSize];
        RandomNumberGenerator.Fill(ciphertext.AsSpan(0, NonceSize));
        using var cipher = new AesGcm(Commitment.ContentKey(trailKey, record, member), TagSize);
        cipher.Encrypt(
            ciphertext.AsSpan(0, NonceSize), content, ciphertext.AsSpan(NonceSize, content.Length), ciphertext.AsSpan(NonceSize + content.Length),
            AssociatedData(record, member));
        return new SealedContent(record, member, trace, ciphertext);
    }

    /// <summary>Decrypts with the trail's key.</summary>
    /// <exception cref="EvidenceFormatException">The content was altered, or is another record's or member's, or the key is another trail's.</exception>
    public byte[] Open(ReadOnlySpan<byte> trailKey) => TryOpen(Commitment.ContentKey(trailKey, Record, Member), out var content)
        ? content
        : throw new EvidenceFormatException($"content {Member} of record {Record}: expected it to open under its trail's key, found altered bytes or another key");

    /// <summary>Decrypts with the content key, which opens this content and no other; false when it does not open.</summary>
    public bool TryOpen(ReadOnlySpan<byte> contentKey, [NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        if (Ciphertext.Length < NonceSize + TagSize)
        {
            return false;
        }

        var span = Ciphertext.Span;
        var plain = new byte[span.Length - NonceSize - TagSize];
        using var cipher = new AesGcm(contentKey, TagSize);
        try
        {
            cipher.Decrypt(span[..NonceSize], span[NonceSize..^TagSize], span[^TagSize..], plain, AssociatedData(Record, Member));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        content = plain;
        return true;
    }

    /// <summary>Equal when all members are, the ciphertext by content.</summary>
    public bool Equals(SealedContent? other) => other is not null && Record == other.Record && Member == other.Member
        && Trace == other.Trace && Ciphertext.Span.SequenceEqual(other.Ciphertext.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Record, Member, Trace, Ciphertext.Length);

    /// <summary>Binds the ciphertext to its place: record id ‖ 0x00 ‖ member.</summary>
    private static byte[] AssociatedData(RecordId record, string member) => Encoding.UTF8.GetBytes($"{record}\0{member}");
}
