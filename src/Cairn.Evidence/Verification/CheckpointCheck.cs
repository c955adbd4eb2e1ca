using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>The bundle's checkpoint against the policy's log keys and witnesses (docs/spec/verification.md §3).</summary>
/// <param name="Checkpoint">The checkpoint.</param>
/// <param name="Signed">Who signed it, and when.</param>
internal sealed record CheckpointCheck(Checkpoint Checkpoint, SignedHead Signed)
{
    /// <summary>The earliest time in a good signature by a key of the policy: everything in the tree existed by then.</summary>
    public DateTimeOffset? Time => Signed.Claims.Count == 0 ? null : Signed.Claims.Min(claim => claim.Time);

    /// <summary>The checkpoint as an anchor.</summary>
    public TimeAnchor Anchor => new(Checkpoint.Size, Signed.Claims);

    /// <exception cref="BundleFault">The bytes are not a signed checkpoint.</exception>
    public static (SignedNote Note, Checkpoint Checkpoint) Parse(byte[] bytes)
    {
        try
        {
            var note = SignedNote.Parse(bytes);
            return (note, Checkpoint.Of(note));
        }
        catch (EvidenceFormatException error)
        {
            throw BundleFault.File(ReasonCodes.CheckpointMalformed, BundleFiles.Checkpoint, "a signed checkpoint", error.Message, error);
        }
    }

    /// <summary>Judges the bundle's checkpoint by the newest keys of its log.</summary>
    public static CheckpointCheck Run(SignedNote note, Checkpoint checkpoint, string manifestOrigin, TrustPolicy policy, LogKeyHistory keys, FailureList failures)
    {
        var subject = SignedHead.Subject(checkpoint);
        if (checkpoint.Origin != manifestOrigin)
        {
            failures.Add(ReasonCodes.CheckpointOrigin, "checkpoint", subject, $"the origin {Hex.Excerpt(manifestOrigin)} of the manifest", checkpoint.Origin);
        }

        var signed = SignedHead.Judge(note, checkpoint, policy, keys, keys.Newest, "checkpoint", failures);
        if (!policy.Log.IsQuorum(signed.Witnesses))
        {
            failures.Add(
                ReasonCodes.QuorumNotMet, "checkpoint", subject, $"cosignatures that meet the quorum {policy.Log.Quorum}",
                signed.Witnesses.Count == 0 ? "none" : $"those of {string.Join(", ", signed.Witnesses)}");
        }

        return new CheckpointCheck(checkpoint, signed);
    }
}
