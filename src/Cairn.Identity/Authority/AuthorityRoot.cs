using Cairn.Evidence;

namespace Cairn.Identity;

/// <summary>What a root certificate of an authority is good for at present.</summary>
public enum RootState
{
    /// <summary>In the trust bundle, and nothing is signed with it yet: those who verify learn of it first.</summary>
    Announced,

    /// <summary>In the trust bundle, and new SVIDs are signed with its key.</summary>
    Issuing,

    /// <summary>In the trust bundle, so that the SVIDs it signed go on until they end; its key is gone.</summary>
    Retiring,

    /// <summary>No longer in the trust bundle. Evidence from before its removal still leads to it.</summary>
    Removed,
}

/// <summary>A root certificate that an authority has, or had.</summary>
/// <param name="Certificate">The certificate, DER.</param>
/// <param name="State">What it is good for.</param>
/// <param name="Since">Since when it is in that state.</param>
public sealed record AuthorityRoot(byte[] Certificate, RootState State, DateTimeOffset Since)
{
    /// <summary>SHA-256 of the certificate.</summary>
    public Digest Thumbprint => Digest.Sha256(Certificate);
}
