namespace Cairn.Witness.Monitoring;

/// <summary>Something that a monitor says.</summary>
/// <param name="IsAlarm">Whether somebody must look: the ledger, a witness or an emitter is not as it should be.</param>
/// <param name="Code">One of <see cref="MonitorCodes"/>.</param>
/// <param name="Text">What was expected, what was found, and where.</param>
/// <param name="Size">The size of the ledger that it is about.</param>
/// <param name="Proof">The file with a transferable proof; null where there is none.</param>
public sealed record MonitorEvent(bool IsAlarm, string Code, string Text, long? Size = null, string? Proof = null);

/// <summary>The codes of monitors' events (docs/spec/witnessing.md §7).</summary>
public static class MonitorCodes
{
    /// <summary>The ledger was followed up to a new checkpoint, and all of it holds.</summary>
    public const string Advanced = "advanced";

    /// <summary>Nothing new.</summary>
    public const string Unchanged = "unchanged";

    /// <summary>The ledger has published no checkpoint.</summary>
    public const string NoCheckpoint = "no-checkpoint";

    /// <summary>The ledger can't be read.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The ledger's keys did not sign its checkpoint.</summary>
    public const string BadCheckpoint = "bad-checkpoint";

    /// <summary>The checkpoint lacks the policy's quorum of witnesses.</summary>
    public const string QuorumMissing = "quorum-missing";

    /// <summary>The ledger signed two heads of which neither extends the other.</summary>
    public const string SplitView = "split-view";

    /// <summary>The ledger shows an older checkpoint than before.</summary>
    public const string Rollback = "rollback";

    /// <summary>Entries or tiles do not lead to the signed root.</summary>
    public const string Inconsistent = "inconsistent";

    /// <summary>An entry is no statement, or its signature does not verify.</summary>
    public const string StatementInvalid = "statement-invalid";

    /// <summary>A statement's issuer has no rule in the policy, or its certificate leads to none of the policy's roots.</summary>
    public const string IssuerUntrusted = "issuer-untrusted";

    /// <summary>A stream's statements are out of order, forked or of two issuers.</summary>
    public const string StreamBroken = "stream-broken";

    /// <summary>A statement that must be there is not.</summary>
    public const string StatementMissing = "statement-missing";

    /// <summary>A witness has cosigned a newer head than the ledger shows.</summary>
    public const string Withheld = "withheld";

    /// <summary>How many statements an emitter of one's own has.</summary>
    public const string Emitter = "emitter";

    /// <summary>A witness does not answer, or not with what it should.</summary>
    public const string Witness = "witness";
}
