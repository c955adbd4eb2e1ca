using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Contents;

/// <summary>Reads the commitment in a record's member.</summary>
internal static class HeldMember
{
    /// <summary>The commitment; null where the member is absent or is none: then there is no content to be had.</summary>
    public static HeldCommitment? Of(Record record, string member)
    {
        try
        {
            return record.ReadBody().TryGetProperty(member, out var value) ? HeldCommitment.Parse(value) : null;
        }
        catch (EvidenceFormatException)
        {
            // Verification names a member that is no commitment; nothing can be opened with it.
            return null;
        }
    }

    /// <summary>Why there is nothing to open, by the record alone; null: there is.</summary>
    public static string? WhyNotKept(HeldCommitment? held, string member) => held is not { } commitment ? $"the record has no {member}"
        : commitment.Content == ContentHandling.None ? $"the {member} was not kept"
        : null;
}
