using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Trails.Compromises;

/// <summary>Somebody's word that a checkpoint was there at a time.</summary>
/// <param name="Size">How many statements the checkpoint covers.</param>
/// <param name="Time">When it was there.</param>
/// <param name="By">Whose word that is: the log, a witness, a time stamping authority.</param>
public sealed record CheckpointAnchor(long Size, DateTimeOffset Time, string By)
{
    /// <summary>What those say who signed a checkpoint and whom a policy trusts: its witnesses, and the log itself.</summary>
    /// <param name="note">The signed checkpoint.</param>
    /// <param name="verdict">What the policy says of it.</param>
    public static IEnumerable<CheckpointAnchor> Of(SignedNote note, CheckpointVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(verdict);
        var size = Checkpoint.Of(note).Size;
        return verdict.Witnesses.Where(witness => witness.Time is not null).Select(witness => new CheckpointAnchor(size, witness.Time!.Value, $"the witness {witness.Name}"))
            .Concat(verdict.LogKeys.Select(key => key.Verify(note).Time).OfType<DateTimeOffset>().Select(time => new CheckpointAnchor(size, time, "the log itself")));
    }
}

/// <summary>What a record still proves.</summary>
public enum Standing
{
    /// <summary>Whoever signed it is not compromised.</summary>
    SignerIsGood,

    /// <summary>A checkpoint from before the compromise covers it: it can't have been made or changed since.</summary>
    AnchoredBefore,

    /// <summary>It says that it is from before, and nothing but its signer's word proves that.</summary>
    ClaimsToBeBefore,

    /// <summary>It was signed by a compromised emitter since then: it proves only that its key was used.</summary>
    SignedSince,
}

/// <summary>Which proofs still stand: by who signed, and by what covers a record from before.</summary>
public sealed class ProofStanding
{
    private readonly IReadOnlySet<SpiffeId> _bad;
    private readonly DateTimeOffset _since;

    /// <param name="bad">The emitters whose signatures can't be believed since then.</param>
    /// <param name="since">Since when.</param>
    /// <param name="anchors">What is known of checkpoints; those from before count.</param>
    public ProofStanding(IReadOnlySet<SpiffeId> bad, DateTimeOffset since, IEnumerable<CheckpointAnchor> anchors)
    {
        (_bad, _since) = (bad, since);
        Anchor = anchors.Where(anchor => TimeClaim.IsBefore(anchor.Time, since)).MaxBy(anchor => anchor.Size);
    }

    /// <summary>The largest checkpoint from before; null: none is known.</summary>
    public CheckpointAnchor? Anchor { get; }

    /// <summary>The emitters whose signatures can't be believed.</summary>
    public IReadOnlySet<SpiffeId> BadEmitters => _bad;

    /// <summary>What a record proves.</summary>
    /// <param name="issuer">Who signed it.</param>
    /// <param name="statement">Its statement's index.</param>
    /// <param name="time">When it happened, as it says.</param>
    public Standing Of(SpiffeId issuer, long statement, DateTimeOffset time) =>
        !_bad.Contains(issuer) ? Standing.SignerIsGood
        : statement < Anchor?.Size ? Standing.AnchoredBefore
        : time < _since ? Standing.ClaimsToBeBefore
        : Standing.SignedSince;
}
