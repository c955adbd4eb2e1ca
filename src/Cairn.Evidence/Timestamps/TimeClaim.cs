using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

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
    // Signatures of logs and witnesses, and most tokens, have whole seconds, cut off: one that says a second may have been made at its end.
    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(1);

    /// <summary>The tree existed at this time at the latest.</summary>
    public DateTimeOffset NotAfter => Time + (Accuracy ?? TimeSpan.Zero);

    /// <summary>Whether the claim puts the tree before a time: the whole second of its bound had ended by then (docs/spec/verification.md §14).</summary>
    public bool IsBefore(DateTimeOffset time) => IsBefore(NotAfter, time);

    /// <summary>The same of a bound by whomever.</summary>
    public static bool IsBefore(DateTimeOffset notAfter, DateTimeOffset time) => notAfter <= time && time - notAfter >= Resolution;
}

/// <summary>A tree of the ledger, and who says when it existed.</summary>
/// <param name="Size">Its number of statements.</param>
/// <param name="Claims">The claims.</param>
public sealed record TimeAnchor(long Size, IReadOnlyList<TimeClaim> Claims)
{
    /// <summary>What a checkpoint and tokens over it claim under a policy; null where the policy's log keys did not sign it, or a signature does not verify.</summary>
    /// <param name="note">The signed checkpoint.</param>
    /// <param name="tokens">RFC 3161 tokens over its text; those that do not hold claim nothing.</param>
    /// <param name="policy">Whom to believe.</param>
    /// <exception cref="EvidenceFormatException">The note is no checkpoint.</exception>
    public static TimeAnchor? Of(SignedNote note, IEnumerable<ReadOnlyMemory<byte>> tokens, TrustPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var checkpoint = Checkpoint.Of(note);
        var failures = new FailureList(1);
        var signed = SignedHead.Judge(note, checkpoint, policy, "anchor", failures);
        var text = Encoding.UTF8.GetBytes(checkpoint.Body);
        return failures.Count > 0 ? null : new TimeAnchor(checkpoint.Size, [.. signed.Claims, .. tokens
            .Select(token => TimestampToken.Verify(token, text, policy.Timestampers)).Where(check => check.IsGood)
            .Select(check => new TimeClaim(TimeSource.Timestamper, check.Timestamper, check.Time, check.Accuracy))]);
    }
}

/// <summary>Between which times something was made, by the word of one kind of party.</summary>
/// <param name="By">What kind of party.</param>
/// <param name="NotBefore">Whose word is the lower bound; null where there is none.</param>
/// <param name="NotAfter">Whose word is the upper bound; null where there is none.</param>
public sealed record TimeBracket(TimeSource By, TimeClaim? NotBefore, TimeClaim? NotAfter)
{
    /// <summary>The bracket that holds both: from the earlier lower bound to the later upper one, and none where one has none.</summary>
    public TimeBracket Around(TimeBracket other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return this with
        {
            NotBefore = NotBefore is { } lower && other.NotBefore is { } earlier ? (earlier.Time < lower.Time ? earlier : lower) : null,
            NotAfter = NotAfter is { } upper && other.NotAfter is { } later ? (later.NotAfter > upper.NotAfter ? later : upper) : null,
        };
    }

    /// <summary>The bracket in words: by whose word, and the bounds.</summary>
    public override string ToString()
    {
        var bounds = new[] { NotBefore is { } lower ? $"not before {Times.Text(lower.Time)} ({lower.Name})" : null, NotAfter is { } upper ? $"not after {Times.Text(upper.NotAfter)} ({upper.Name})" : null };
        return $"by the word of {(By == TimeSource.Log ? "the log" : $"a {By.ToString().ToLowerInvariant()}")}: {string.Join(", ", bounds.OfType<string>())}";
    }
}
