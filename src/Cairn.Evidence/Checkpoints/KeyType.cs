namespace Cairn.Evidence.Checkpoints;

/// <summary>Signature types of C2SP signed-note that Cairn reads and writes.</summary>
public static class KeyType
{
    /// <summary>Ed25519 over the note's body.</summary>
    public const byte Ed25519 = 0x01;

    /// <summary>A timestamped Ed25519 cosignature (C2SP tlog-cosignature, v1).</summary>
    public const byte CosignatureEd25519 = 0x04;

    /// <summary>A timestamped ML-DSA-44 signature over a (sub)tree (C2SP tlog-cosignature), for logs and cosigners.</summary>
    public const byte MlDsa44 = 0x06;

    /// <summary>Bytes of a public key of that type; 0 for a type that is not read.</summary>
    internal static int PublicKeyLength(byte type) => type switch
    {
        Ed25519 or CosignatureEd25519 => 32,
        MlDsa44 => 1312,
        _ => 0,
    };

    /// <summary>Bytes of a signature blob of that type, without the key id.</summary>
    internal static int SignatureLength(byte type) => type switch
    {
        Ed25519 => 64,
        CosignatureEd25519 => 8 + 64,
        _ => 8 + 2420,
    };
}
