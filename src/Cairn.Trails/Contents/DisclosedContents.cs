using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Evidence.Verification;

namespace Cairn.Trails.Contents;

/// <summary>The contents that an evidence bundle discloses, each with the key of its own commitment.</summary>
public sealed class DisclosedContents : IKeptContents
{
    private readonly Dictionary<(RecordId Record, string Member), BundleContent> _contents;

    internal DisclosedContents(IEnumerable<BundleContent> contents, IReadOnlyDictionary<Digest, ReadOnlyMemory<byte>> policies)
    {
        Policies = policies;
        _contents = contents.GroupBy(content => (content.Record, content.Member)).ToDictionary(group => group.Key, group => group.First());
    }

    /// <summary>The policy bundles that it brings along, sealed, by digest.</summary>
    public IReadOnlyDictionary<Digest, ReadOnlyMemory<byte>> Policies { get; }

    /// <inheritdoc/>
    public KeptContent Find(Record record, string member)
    {
        ArgumentNullException.ThrowIfNull(record);
        var held = HeldMember.Of(record, member);
        return HeldMember.WhyNotKept(held, member) is { } why ? KeptContent.Missing(why)
            : _contents.TryGetValue((record.Id, member), out var content) ? new KeptContent(content.Bytes, held!.Value.Content == ContentHandling.Redacted, null)
            : KeptContent.Missing($"the bundle does not disclose the {member}");
    }

    /// <inheritdoc/>
    public bool? Matches(Record record, string member, ReadOnlySpan<byte> candidate)
    {
        ArgumentNullException.ThrowIfNull(record);
        // The key of a redacted form opens no commitment to the original: that is what it is for.
        return HeldMember.Of(record, member) is { Content: ContentHandling.Full } held && _contents.TryGetValue((record.Id, member), out var content)
            ? Commitment.Matches(held.Value, content.Key.Span, candidate)
            : null;
    }
}
