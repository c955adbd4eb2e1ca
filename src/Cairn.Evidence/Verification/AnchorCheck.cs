using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>Anchors and their time stamps (docs/spec/timestamps.md §4, §6).</summary>
internal sealed class AnchorCheck(CheckpointCheck newest, TrustPolicy policy, LogKeyHistory keys, FailureList failures, FailureList warnings, TimeSpan tolerance)
{
    private const int Most = 1 << 16;
    private const int MostLine = 1 << 20;

    /// <summary>Reads the anchors, if there are any, and compares their times.</summary>
    /// <returns>The times that hold, the checkpoint's own among them.</returns>
    /// <exception cref="BundleFault">The file is not one of anchors by ascending size.</exception>
    public TimeBrackets Run(BundleContents bundle)
    {
        var anchors = new List<TimeAnchor> { newest.Anchor };
        if (bundle.HasAnchors)
        {
            Read(new LineReader(bundle[BundleFiles.Anchors], BundleFiles.Anchors, MostLine), anchors);
        }

        var times = new TimeBrackets(anchors);
        foreach (var (anchor, claim, earlier) in times.Contradictions(tolerance))
        {
            failures.Add(
                ReasonCodes.TimeContradicted, "anchor", $"{newest.Checkpoint.Origin} size {anchor.Size}",
                $"a time after {Times.Text(earlier.Time)}, when {earlier.Name} knew no tree as large", $"{Times.Text(claim.NotAfter)}, by the word of {claim.Name}");
        }

        return times;
    }

    private void Read(LineReader lines, List<TimeAnchor> anchors)
    {
        var last = -1L;
        while (lines.TryRead(out var line))
        {
            if (lines.Lines > Most)
            {
                throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.Anchors, $"at most {Most} anchors", "more");
            }

            var anchor = Anchor.Parse(line, lines.Lines);
            SignedNote note;
            Checkpoint checkpoint;
            try
            {
                note = SignedNote.Parse(anchor.Checkpoint.Span);
                checkpoint = Checkpoint.Of(note);
            }
            catch (EvidenceFormatException error)
            {
                failures.Add(ReasonCodes.CheckpointMalformed, "anchor", $"line {lines.Lines}", "a signed checkpoint", error.Message);
                continue;
            }

            if (checkpoint.Size <= last)
            {
                throw BundleFault.File(ReasonCodes.LineMalformed, $"{BundleFiles.Anchors} line {lines.Lines}", "anchors by strictly ascending size", $"{checkpoint.Size} after {last}");
            }

            last = checkpoint.Size;
            if (Judge(anchor, note, checkpoint) is { } claims)
            {
                anchors.Add(new TimeAnchor(checkpoint.Size, claims));
            }
        }
    }

    /// <summary>The claims of an anchor; null when it does not hold, and claims none.</summary>
    private List<TimeClaim>? Judge(Anchor anchor, SignedNote note, Checkpoint checkpoint)
    {
        var (before, subject) = (failures.Count, SignedHead.Subject(checkpoint));
        if (checkpoint.Origin != newest.Checkpoint.Origin)
        {
            failures.Add(ReasonCodes.CheckpointOrigin, "anchor", subject, $"the origin {newest.Checkpoint.Origin} of the bundle's checkpoint", Hex.Excerpt(checkpoint.Origin));
        }

        var signed = checkpoint.Origin == newest.Checkpoint.Origin
            ? SignedHead.Judge(note, checkpoint, policy, keys, keys.At(checkpoint.Size), "anchor", failures)
            : SignedHead.Judge(note, checkpoint, policy, "anchor", failures);
        if (!ConsistencyProof.Verify(checkpoint.Head, newest.Checkpoint.Head, [.. anchor.Consistency]))
        {
            failures.Add(
                ReasonCodes.HeadInconsistent, "anchor", subject, $"a proof that the checkpoint of size {newest.Checkpoint.Size} extends this tree", "one that does not hold");
        }

        return failures.Count > before ? null : [.. signed.Claims, .. anchor.Tokens.Select(token => Stamp(token, checkpoint, subject)).OfType<TimeClaim>()];
    }

    private TimeClaim? Stamp(ReadOnlyMemory<byte> token, Checkpoint checkpoint, string subject)
    {
        var check = TimestampToken.Verify(token, System.Text.Encoding.UTF8.GetBytes(checkpoint.Body), policy.Timestampers);
        if (check.IsGood)
        {
            return new TimeClaim(TimeSource.Timestamper, check.Timestamper, check.Time, check.Accuracy);
        }

        if (check.Fault == TimestampFault.Unknown)
        {
            warnings.Add(ReasonCodes.TimestampUnknown, "anchor", subject, "a token by a timestamper of the trust policy", Hex.Excerpt(check.Reason));
            return null;
        }

        var (code, expected) = check.Fault switch
        {
            TimestampFault.Imprint => (ReasonCodes.TimestampImprint, "a token over this checkpoint"),
            TimestampFault.Usage => (ReasonCodes.TimestampUsage, $"a certificate of {check.Timestamper} for time stamping"),
            TimestampFault.Expired => (ReasonCodes.TimestampExpired, $"certificates of {check.Timestamper} that were valid at {Times.Text(check.Time)}"),
            TimestampFault.Signature => (ReasonCodes.TimestampSignature, $"a signature of {check.Timestamper} that verifies"),
            _ => (ReasonCodes.TimestampMalformed, "a time stamp token of the profile"),
        };
        failures.Add(code, "anchor", subject, expected, Hex.Excerpt(check.Reason));
        return null;
    }
}
