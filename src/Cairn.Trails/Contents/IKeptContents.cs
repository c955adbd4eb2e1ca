using Cairn.Evidence.Records;

namespace Cairn.Trails.Contents;

/// <summary>The content behind a record's member, or why it can't be had.</summary>
/// <param name="Bytes">The content, checked against its commitment; null when it can't be had.</param>
/// <param name="IsRedacted">Whether it is the form with secrets taken out.</param>
/// <param name="WhyNot">Why it can't be had, in words; null when it is there.</param>
public readonly record struct KeptContent(ReadOnlyMemory<byte>? Bytes, bool IsRedacted, string? WhyNot)
{
    internal static KeptContent Missing(string why) => new(null, false, why);
}

/// <summary>Contents that were kept, wherever they lie: in a ledger under its trails' keys, or disclosed in a bundle.</summary>
public interface IKeptContents
{
    /// <summary>The content behind a member of a record's own member. It is given only when it matches the commitment.</summary>
    KeptContent Find(Record record, string member);

    /// <summary>Whether a candidate is the content that a record's member commits to; null when that can't be told, because the key isn't there.</summary>
    bool? Matches(Record record, string member, ReadOnlySpan<byte> candidate);
}
