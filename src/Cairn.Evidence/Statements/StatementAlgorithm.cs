namespace Cairn.Evidence.Statements;

/// <summary>How a statement is signed: the COSE algorithm number (RFC 9053 §2).</summary>
public enum StatementAlgorithm
{
    /// <summary>ECDSA on P-256 with SHA-256; the signature is r ‖ s with the lower of the two values that s can have.</summary>
    ES256 = -7,

    /// <summary>EdDSA, with Ed25519 as the only curve.</summary>
    EdDSA = -8,
}
