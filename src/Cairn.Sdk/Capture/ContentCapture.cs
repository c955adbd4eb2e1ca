using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;

namespace Cairn.Sdk;

/// <summary>How much of the content behind a record is kept.</summary>
public enum CaptureProfile
{
    /// <summary>Nothing: the record has a commitment, and the content is stored nowhere. The default.</summary>
    Metadata,

    /// <summary>The content with secrets taken out, encrypted.</summary>
    Redacted,

    /// <summary>The content as it was, encrypted; content in which secrets are found is kept redacted all the same.</summary>
    Full,
}

/// <summary>Commits to content and keeps as much of it as the profile says.</summary>
public static class ContentCapture
{
    /// <summary>The largest content that is kept, in bytes. A larger one is committed to and not kept.</summary>
    public const int MaxKeptBytes = 16 * 1024 * 1024;

    /// <summary>
    /// Commits to a content. The commitment is always to the content as it was; where a redacted form is kept, that has
    /// a commitment of its own under a key of its own, so that what is disclosed later can be checked without helping
    /// anyone to guess what was taken out.
    /// </summary>
    /// <param name="profile">How much to keep.</param>
    /// <param name="keys">Where the trail's key is.</param>
    /// <param name="trace">The trail.</param>
    /// <param name="record">The id that the record will have: <see cref="RecordDraft.Id"/>.</param>
    /// <param name="member">The member of the kind's own object that holds the commitment, such as <c>input</c>.</param>
    /// <param name="media">The content's media type.</param>
    /// <param name="content">The content.</param>
    /// <param name="secret">A secret known by its value, which is taken out wherever it stands; empty: none.</param>
    /// <returns>What the record holds, and what goes along with it: <see cref="RecordDraft.Contents"/>.</returns>
    public static (HeldCommitment Commitment, IReadOnlyList<SealedContent> Contents) Hold(
        CaptureProfile profile, ITrailKeys keys, TraceId trace, RecordId record, string member, string media, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> secret = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var key = keys.KeyFor(trace);
        var held = new HeldCommitment(
            Commitment.Commit(Commitment.CommitmentKey(key, record, member), content.Span), content.Length, media, ContentHandling.None);
        if (profile == CaptureProfile.Metadata || content.Length > MaxKeptBytes)
        {
            return (held, []);
        }

        var kept = Redactor.RedactContent(Redactor.RedactValue(content, secret, out var known), out var found);
        found += known;
        if (profile == CaptureProfile.Full && found == 0)
        {
            return (held with { Content = ContentHandling.Full }, [SealedContent.Seal(key, trace, record, member, content.Span)]);
        }

        var redactedKey = Commitment.CommitmentKey(key, record, member + HeldCommitment.RedactedSuffix);
        return (
            held with { Content = ContentHandling.Redacted, RedactedValue = Commitment.Commit(redactedKey, kept.Span) },
            [SealedContent.Seal(key, trace, record, member, kept.Span)]);
    }
}
