namespace Cairn.Evidence.Timestamps;

/// <summary>Why a time stamp token claims no time (docs/spec/timestamps.md §3).</summary>
public enum TimestampFault
{
    /// <summary>It claims one.</summary>
    None,

    /// <summary>The bytes are no token of the profile.</summary>
    Malformed,

    /// <summary>It is a token over something else.</summary>
    Imprint,

    /// <summary>Its signer leads to none of the roots: nobody that the verifier knows made it.</summary>
    Unknown,

    /// <summary>The signer's certificate is not for time stamping alone.</summary>
    Usage,

    /// <summary>A certificate was not valid at the token's time.</summary>
    Expired,

    /// <summary>The signed attributes or the signature do not hold.</summary>
    Signature,
}

/// <summary>The outcome of judging a token.</summary>
/// <param name="Fault">What is wrong; <see cref="TimestampFault.None"/> when all holds.</param>
/// <param name="Reason">The same in words: what was found. Empty when all holds.</param>
/// <param name="Timestamper">The authority's name in the trust policy; empty where none is known.</param>
/// <param name="Time">The token's time (genTime).</param>
/// <param name="Accuracy">How far off the token says it may be; null where it says nothing.</param>
public sealed record TimestampCheck(TimestampFault Fault, string Reason, string Timestamper, DateTimeOffset Time, TimeSpan? Accuracy)
{
    /// <summary>Whether the token holds.</summary>
    public bool IsGood => Fault == TimestampFault.None;

    /// <summary>The latest time at which what it stamps came to be, by its word.</summary>
    public DateTimeOffset NotAfter => Time + (Accuracy ?? TimeSpan.Zero);
}
