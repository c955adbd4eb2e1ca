using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace Cairn.Evidence.Checkpoints;

/// <summary>What a key says of a note.</summary>
public enum NoteCheckResult
{
    /// <summary>The note has no signature by this key.</summary>
    Absent,

    /// <summary>Every signature by this key is good.</summary>
    Good,

    /// <summary>A signature by this key does not verify: the whole note fails.</summary>
    Bad,
}

/// <summary>What a key says of a note, and the signature's time where its type has one and the signer gave one.</summary>
public readonly record struct NoteCheck(NoteCheckResult Result, DateTimeOffset? Time);

/// <summary>A public key with its name, as a C2SP signed-note verifier key ("vkey") carries it.</summary>
public sealed class VerifierKey : IEquatable<VerifierKey>
{
    /// <summary>The longest name that is taken, in bytes of UTF-8.</summary>
    public const int MaxNameBytes = 255;

    /// <summary>A key of a name, a type of <see cref="KeyType"/> and its public bytes.</summary>
    /// <exception cref="EvidenceFormatException">The name, the type or the key's length is not one the specification allows.</exception>
    public VerifierKey(string name, byte type, ReadOnlyMemory<byte> publicKey)
    {
        // The message that ML-DSA-44 signs has one byte for the name's length; one bound for every type keeps names portable.
        if (!NoteSignature.IsName(name) || Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
        {
            throw new EvidenceFormatException($"verifier key: a name has no spaces, no plus sign and 1 to {MaxNameBytes} bytes, found \"{Hex.Excerpt(name)}\"");
        }

        if (KeyType.PublicKeyLength(type) is var expected && expected != publicKey.Length)
        {
            throw new EvidenceFormatException(expected == 0
                ? $"verifier key {name}: signature type 0x{type:x2} is not one of 0x01, 0x04, 0x06"
                : $"verifier key {name}: a key of type 0x{type:x2} has {expected} bytes, found {publicKey.Length}");
        }

        (Name, Type, PublicKey, KeyId) = (name, type, publicKey, ComputeKeyId(name, type, publicKey.Span));
    }

    /// <summary>The key's name; a log's equals its origin.</summary>
    public string Name { get; }

    /// <summary>The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).</summary>
    public uint KeyId { get; }

    /// <summary>The signature type: see <see cref="KeyType"/>.</summary>
    public byte Type { get; }

    /// <summary>The raw public key: 32 bytes, or 1,312 for ML-DSA-44.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Parses NAME+KEYID+BASE64.</summary>
    /// <exception cref="EvidenceFormatException">The text is not a verifier key, or its key id is not the key's.</exception>
    public static VerifierKey Parse(string vkey)
    {
        // Base64 may itself hold "+": only the first two separate.
        var parts = vkey.Split('+', 3);
        Span<byte> id = stackalloc byte[4];
        if (parts is not [var name, var hex, var base64] || !Hex.TryDecode(hex, id))
        {
            throw new EvidenceFormatException($"verifier key: expected NAME+KEYID+BASE64, found \"{Hex.Excerpt(vkey)}\"");
        }

        var bytes = CanonicalBase64.Decode(base64, $"verifier key {Hex.Excerpt(name)}");
        if (bytes.Length < 1)
        {
            throw new EvidenceFormatException($"verifier key {Hex.Excerpt(name)}: no type and no key");
        }

        var key = new VerifierKey(name, bytes[0], bytes.AsMemory(1));
        return key.KeyId == BinaryPrimitives.ReadUInt32BigEndian(id)
            ? key
            : throw new EvidenceFormatException($"verifier key {name}: the key id should be {key.KeyId:x8}, found {hex}");
    }

    /// <summary>The signature type that a verifier key's text names, known or not; null where the text names none.</summary>
    internal static byte? TypeOf(string vkey)
    {
        try
        {
            return vkey.Split('+', 3) is [_, _, var base64] && CanonicalBase64.Decode(base64, "verifier key") is [var type, ..] ? type : null;
        }
        catch (EvidenceFormatException)
        {
            return null; // no key at all: whoever parses it says why
        }
    }

    /// <summary>The verifier key's text: NAME+KEYID+BASE64.</summary>
    public override string ToString()
    {
        var typed = new byte[1 + PublicKey.Length];
        typed[0] = Type;
        PublicKey.CopyTo(typed.AsMemory(1));
        return $"{Name}+{KeyId:x8}+{Convert.ToBase64String(typed)}";
    }

    /// <summary>
    /// Checks every signature of the note by this key (same name and key id); others are not looked at. Of several good
    /// ones the earliest time counts: it is the tightest claim of when the checkpoint already existed.
    /// </summary>
    /// <exception cref="EvidenceFormatException">The note's body is not a checkpoint and the key's type needs one.</exception>
    public NoteCheck Verify(SignedNote note)
    {
        var result = new NoteCheck(NoteCheckResult.Absent, null);
        var checkpoint = Type == KeyType.MlDsa44 ? Checkpoint.Of(note) : null;
        foreach (var signature in note.Signatures)
        {
            if (signature.KeyId != KeyId || !string.Equals(signature.Name, Name, StringComparison.Ordinal))
            {
                continue;
            }

            if (!VerifyOne(note.Body, checkpoint, signature.Bytes.Span, out var time))
            {
                return new NoteCheck(NoteCheckResult.Bad, null);
            }

            result = new NoteCheck(NoteCheckResult.Good, result.Time is null || time < result.Time ? time : result.Time);
        }

        return result;
    }

    /// <summary>Whether the bare signature, without a time, over a message is good.</summary>
    internal bool VerifyMessage(byte[] message, ReadOnlySpan<byte> signature) =>
        Type == KeyType.MlDsa44 ? VerifyMlDsa(message, signature) : VerifyEd25519(message, signature);

    /// <summary>Keys are equal when name, type and public key are.</summary>
    public bool Equals(VerifierKey? other) =>
        other is not null && Name == other.Name && Type == other.Type && PublicKey.Span.SequenceEqual(other.PublicKey.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VerifierKey);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, KeyId);

    private static uint ComputeKeyId(string name, byte type, ReadOnlySpan<byte> publicKey)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(name));
        hash.AppendData([0x0A, type]);
        hash.AppendData(publicKey);
        return BinaryPrimitives.ReadUInt32BigEndian(hash.GetHashAndReset());
    }

    private bool VerifyOne(string body, Checkpoint? checkpoint, ReadOnlySpan<byte> blob, out DateTimeOffset? time)
    {
        time = null;
        if (blob.Length != KeyType.SignatureLength(Type))
        {
            return false;
        }

        var seconds = 0UL;
        var signature = blob;
        if (Type != KeyType.Ed25519)
        {
            seconds = BinaryPrimitives.ReadUInt64BigEndian(blob);
            signature = blob[8..];
            if (seconds > MaximumSeconds)
            {
                return false;
            }

            // An ML-DSA-44 cosigner writes 0 when it says nothing of the time (C2SP tlog-cosignature, "ML-DSA-44 signed message").
            time = Type == KeyType.MlDsa44 && seconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds((long)seconds);
        }

        // The body is what was signed; only ML-DSA signs fields of the parsed checkpoint.
        var message = CosignedMessage.For(Type, Name, checkpoint ?? Unused, body, seconds);
        return VerifyMessage(message, signature);
    }

    /// <summary>The end of year 9999. The specification allows times up to 2^63 - 1 and lets verifiers refuse those in the future.</summary>
    private static readonly ulong MaximumSeconds = (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    private static readonly Checkpoint Unused = new("unused", 0, default);

    private bool VerifyEd25519(byte[] message, ReadOnlySpan<byte> signature) =>
        NSec.Cryptography.PublicKey.TryImport(SignatureAlgorithm.Ed25519, PublicKey.Span, KeyBlobFormat.RawPublicKey, out var key)
        && SignatureAlgorithm.Ed25519.Verify(key!, message, signature);

    private bool VerifyMlDsa(byte[] message, ReadOnlySpan<byte> signature)
    {
        var verifier = new MLDsaSigner(MLDsaParameters.ml_dsa_44, deterministic: true);
        verifier.Init(forSigning: false, MLDsaPublicKeyParameters.FromEncoding(MLDsaParameters.ml_dsa_44, PublicKey.ToArray()));
        verifier.BlockUpdate(message, 0, message.Length);
        return verifier.VerifySignature(signature.ToArray());
    }
}
