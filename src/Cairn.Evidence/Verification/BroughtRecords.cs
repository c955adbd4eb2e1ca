using Cairn.Evidence.Bundles;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Verification;

/// <summary>Whether the records that a line of trust material brings along are those that its statement signs (docs/spec/verification.md §4.4).</summary>
internal static class BroughtRecords
{
    public static void Check(SignedStatement statement, TrustEvidence evidence, string kind, FailureList failures)
    {
        var (subject, count) = ($"{evidence.Index}", statement.Payload.RecordCount);
        var positions = evidence.Positions ?? [.. Enumerable.Range(0, Math.Min(count, evidence.Records.Count))];
        if (positions.Count != evidence.Records.Count || evidence.Records.Count + evidence.Siblings.Count != count || (positions.Count > 0 && positions[^1] >= count))
        {
            failures.Add(ReasonCodes.RecordsCount, kind, subject, $"records and sibling hashes for the {count} records that it signs", $"{evidence.Records.Count} records and {evidence.Siblings.Count} siblings");
            return;
        }

        var range = new CompactRange();
        for (var (position, next) = (0, 0); position < count; position++)
        {
            var isHere = next < positions.Count && positions[next] == position;
            range.Append(isHere ? MerkleHash.Leaf(evidence.Records[next++].Span) : evidence.Siblings[position - next]);
        }

        if (range.Root() is var root && root != statement.Payload.RecordsRoot)
        {
            failures.Add(ReasonCodes.RecordsRoot, kind, subject, $"records with the Merkle root {statement.Payload.RecordsRoot} that it signs", $"{root}: a record was altered, removed, replaced or moved");
        }
    }
}
