namespace Cairn.Evidence.Timestamps;

/// <summary>What kind of party says when a tree existed. They stay apart: each can lie alone (docs/spec/timestamps.md).</summary>
public enum TimeSource
{
    /// <summary>The ledger itself, in its own signature.</summary>
    Log,

    /// <summary>A witness, in its cosignature.</summary>
    Witness,

    /// <summary>A timestamp authority, in a token.</summary>
    Timestamper,
}

/// <summary>Somebody's word that a tree existed at a time.</summary>
/// <param name="By">What kind of party.</param>
/// <param name="Name">Who: the log's origin, or the name in the trust policy.</param>
/// <param name="Time">When.</param>
/// <param name="Accuracy">How far off the time may be by its own word; null where it says nothing.</param>
public sealed record TimeClaim(TimeSource By, string Name, DateTimeOffset Time, TimeSpan? Accuracy = null)
{
    /// <summary>The tree existed at this time at the latest.</summary>
    public DateTimeOffset NotAfter => Time + (Accuracy ?? TimeSpan.Zero);
}

/// <summary>A tree of the ledger, and who says when it existed.</summary>
/// <param name="Size">Its number of statements.</param>
/// <param name="Claims">The claims.</param>
public sealed record TimeAnchor(long Size, IReadOnlyList<TimeClaim> Claims);

/// <summary>Between which times something was made, by the word of one kind of party.</summary>
/// <param name="By">What kind of party.</param>
/// <param name="NotBefore">Whose word is the lower bound; null where there is none.</param>
/// <param name="NotAfter">Whose word is the upper bound; null where there is none.</param>
public sealed record TimeBracket(TimeSource By, TimeClaim? NotBefore, TimeClaim? NotAfter);
