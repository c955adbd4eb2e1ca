namespace Cairn.Evidence.Statements;

/// <summary>Why a certificate chain does not show that a key belongs to a SPIFFE ID.</summary>
public enum SvidFault
{
    /// <summary>It does show it.</summary>
    None,

    /// <summary>There is no certificate, too many, or bytes that are none.</summary>
    NotCertificates,

    /// <summary>The leaf does not have exactly one URI name, and that the expected SPIFFE ID.</summary>
    WrongId,

    /// <summary>The leaf may sign certificates, or may not sign data (X.509-SVID §4.1, §4.3).</summary>
    WrongUsage,

    /// <summary>A certificate was not yet, or no longer, valid at the given time.</summary>
    OutsideValidity,

    /// <summary>A certificate is signed with an algorithm that is no longer safe.</summary>
    WeakSignature,

    /// <summary>The chain does not end at one of the given roots, or a link in it does not hold.</summary>
    Untrusted,
}

/// <summary>The outcome of <see cref="SvidChain.Verify"/>.</summary>
/// <param name="Fault">What is wrong; <see cref="SvidFault.None"/> when all holds.</param>
/// <param name="Reason">The same in a sentence: what was expected and what was found. Empty when all holds.</param>
public readonly record struct SvidCheck(SvidFault Fault, string Reason)
{
    /// <summary>Whether the leaf's key is the SPIFFE ID's.</summary>
    public bool IsGood => Fault == SvidFault.None;
}
