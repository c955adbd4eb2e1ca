using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Ledger.Vault;

/// <summary>
/// A key under another key (docs/spec/data-directory.md §6): 12 random bytes, the encrypted 32 bytes, 16 bytes of tag, AES-256-GCM.
/// The associated data says whose key it is, so that a wrapped key put in another's place does not open.
/// </summary>
internal static class WrappedKey
{
    /// <summary>Length in bytes of the keys on both sides.</summary>
    public const int KeySize = 32;

    private const int NonceSize = 12, TagSize = 16;

    /// <summary>Wraps a key for its place.</summary>
    public static byte[] Wrap(ReadOnlySpan<byte> wrapping, ReadOnlySpan<byte> key, string place)
    {
        var wrapped = new byte[NonceSize + KeySize + TagSize];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceSize));
        using var cipher = new AesGcm(wrapping, TagSize);
        cipher.Encrypt(wrapped.AsSpan(0, NonceSize), key, wrapped.AsSpan(NonceSize, KeySize), wrapped.AsSpan(NonceSize + KeySize), Encoding.UTF8.GetBytes(place));
        return wrapped;
    }

    /// <summary>Opens a wrapped key; false when it was altered, is another place's or is under another key.</summary>
    public static bool TryUnwrap(ReadOnlySpan<byte> wrapping, ReadOnlySpan<byte> wrapped, string place, [NotNullWhen(true)] out byte[]? key)
    {
        key = null;
        if (wrapped.Length != NonceSize + KeySize + TagSize)
        {
            return false;
        }

        var opened = new byte[KeySize];
        using var cipher = new AesGcm(wrapping, TagSize);
        try
        {
            cipher.Decrypt(wrapped[..NonceSize], wrapped[NonceSize..^TagSize], wrapped[^TagSize..], opened, Encoding.UTF8.GetBytes(place));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        key = opened;
        return true;
    }
}
