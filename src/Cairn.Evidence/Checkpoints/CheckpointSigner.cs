using System.Buffers.Binary;
using System.Security.Cryptography;
using NSec.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace Cairn.Evidence.Checkpoints;

/// <summary>A private key that signs checkpoints, as a log or as a cosigner. Both kinds come from a seed of 32 bytes.</summary>
public abstract class CheckpointSigner : IDisposable
{
    private const string Prefix = "PRIVATE+KEY+";
    private readonly byte[] _seed;

    private CheckpointSigner(byte[] seed, VerifierKey key) => (_seed, VerifierKey) = (seed, key);

    /// <summary>The public half.</summary>
    public VerifierKey VerifierKey { get; }

    /// <summary>A new key. Types: see <see cref="KeyType"/>.</summary>
    /// <exception cref="EvidenceFormatException">The name or the type is not allowed.</exception>
    public static CheckpointSigner Generate(byte type, string name) => FromSeed(type, name, RandomNumberGenerator.GetBytes(32));

    /// <summary>A key from its seed (RFC 8032 §5.1.5; FIPS 204 §5.1, the seed ξ).</summary>
    /// <exception cref="EvidenceFormatException">The name or the type is not allowed, or the seed has not 32 bytes.</exception>
    public static CheckpointSigner FromSeed(byte type, string name, ReadOnlySpan<byte> seed)
    {
        if (seed.Length != 32)
        {
            throw new EvidenceFormatException($"private key {Hex.Excerpt(name)}: a seed has 32 bytes, found {seed.Length}");
        }

        return type switch
        {
            KeyType.Ed25519 or KeyType.CosignatureEd25519 => Ed25519.Create(type, name, seed.ToArray()),
            KeyType.MlDsa44 => MlDsa.Create(name, seed.ToArray()),
            _ => throw new EvidenceFormatException($"private key {Hex.Excerpt(name)}: signature type 0x{type:x2} is not one of 0x01, 0x04, 0x06"),
        };
    }

    /// <summary>Parses PRIVATE+KEY+NAME+KEYID+BASE64(type ‖ seed), the form that signed-note implementations share.</summary>
    /// <exception cref="EvidenceFormatException">The text has another form, or the key id is not the key's. The message never holds the key.</exception>
    public static CheckpointSigner ParsePrivate(string skey)
    {
        var parts = skey.StartsWith(Prefix, StringComparison.Ordinal) ? skey[Prefix.Length..].Split('+', 3) : [];
        Span<byte> id = stackalloc byte[4];
        var typed = new byte[64];
        if (parts is not [var name, var hex, var base64] || !Hex.TryDecode(hex, id)
            || !Convert.TryFromBase64String(base64, typed, out var length) || length != 33
            || Convert.ToBase64String(typed, 0, length) != base64)
        {
            throw new EvidenceFormatException("private key: expected PRIVATE+KEY+NAME+KEYID+BASE64 with a type and a seed of 32 bytes");
        }

        var signer = FromSeed(typed[0], name, typed.AsSpan(1, 32));
        CryptographicOperations.ZeroMemory(typed);
        return signer.VerifierKey.KeyId == BinaryPrimitives.ReadUInt32BigEndian(id)
            ? signer
            : throw new EvidenceFormatException($"private key {name}: the key id should be {signer.VerifierKey.KeyId:x8}, found {hex}");
    }

    /// <summary>The private key's text. Treat as a secret.</summary>
    public string ExportPrivate()
    {
        byte[] typed = [VerifierKey.Type, .. _seed];
        return $"{Prefix}{VerifierKey.Name}+{VerifierKey.KeyId:x8}+{Convert.ToBase64String(typed)}";
    }

    /// <summary>
    /// Signs a checkpoint. <paramref name="time"/> is in the signature for types 0x04 and 0x06, to the second; the epoch itself
    /// says, for type 0x06, that the signer makes no statement about time.
    /// </summary>
    /// <exception cref="EvidenceFormatException">The checkpoint is not one that a reader would parse back to the same.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is before 1970.</exception>
    public NoteSignature Sign(Checkpoint checkpoint, DateTimeOffset time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, DateTimeOffset.UnixEpoch);
        var (body, seconds) = (checkpoint.Body, (ulong)time.ToUnixTimeSeconds());
        if (Checkpoint.ParseBody(body) != checkpoint)
        {
            throw new EvidenceFormatException($"checkpoint: the origin \"{Hex.Excerpt(checkpoint.Origin)}\" or an extension line holds a newline");
        }

        var signature = SignMessage(CosignedMessage.For(VerifierKey.Type, VerifierKey.Name, checkpoint, body, seconds));
        if (VerifierKey.Type == KeyType.Ed25519)
        {
            return new NoteSignature(VerifierKey.Name, VerifierKey.KeyId, signature);
        }

        var blob = new byte[8 + signature.Length];
        BinaryPrimitives.WriteUInt64BigEndian(blob, seconds);
        signature.CopyTo(blob, 8);
        return new NoteSignature(VerifierKey.Name, VerifierKey.KeyId, blob);
    }

    /// <summary>Forgets the key.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_seed);
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Forgets what a kind of key holds beside the seed.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>
    /// Signs a message that is no checkpoint. The caller answers for it that no checkpoint's or cosignature's message can be
    /// the same bytes (docs/decisions/0175): a COSE Sig_structure begins with 0x84, which no UTF-8 text does.
    /// </summary>
    internal abstract byte[] SignMessage(byte[] message);

    private sealed class Ed25519 : CheckpointSigner
    {
        private readonly Key _key;

        private Ed25519(byte[] seed, Key key, VerifierKey verifier)
            : base(seed, verifier) => _key = key;

        public static Ed25519 Create(byte type, string name, byte[] seed)
        {
            var key = Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey);
            return new Ed25519(seed, key, new VerifierKey(name, type, key.PublicKey.Export(KeyBlobFormat.RawPublicKey)));
        }

        internal override byte[] SignMessage(byte[] message) => SignatureAlgorithm.Ed25519.Sign(_key, message);

        protected override void Dispose(bool disposing)
        {
            _key.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class MlDsa : CheckpointSigner
    {
        private readonly MLDsaPrivateKeyParameters _key;

        private MlDsa(byte[] seed, MLDsaPrivateKeyParameters key, VerifierKey verifier)
            : base(seed, verifier) => _key = key;

        public static MlDsa Create(string name, byte[] seed)
        {
            var key = MLDsaPrivateKeyParameters.FromSeed(MLDsaParameters.ml_dsa_44, seed);
            return new MlDsa(seed, key, new VerifierKey(name, KeyType.MlDsa44, key.GetPublicKey().GetEncoded()));
        }

        internal override byte[] SignMessage(byte[] message)
        {
            var signer = new MLDsaSigner(MLDsaParameters.ml_dsa_44, deterministic: true);
            signer.Init(forSigning: true, _key);
            signer.BlockUpdate(message, 0, message.Length);
            return signer.GenerateSignature();
        }
    }
}
