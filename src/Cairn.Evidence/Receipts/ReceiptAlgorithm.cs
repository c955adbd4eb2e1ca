namespace Cairn.Evidence.Receipts;

/// <summary>How a COSE Receipt is signed: the number in the IANA registry of COSE algorithms.</summary>
public enum ReceiptAlgorithm
{
    /// <summary>ECDSA on P-256 with SHA-256 (RFC 9053 §2.1). Read, for other services' receipts; Cairn's logs have no such key.</summary>
    ES256 = -7,

    /// <summary>EdDSA with Ed25519 (RFC 9053 §2.2).</summary>
    EdDSA = -8,

    /// <summary>ML-DSA-44, pure, with an empty context (FIPS 204 §5.2; registered by RFC 9964).</summary>
    MlDsa44 = -48,
}
