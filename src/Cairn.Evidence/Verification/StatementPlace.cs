using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Verification;

/// <summary>Whether a statement stands where its proof says (docs/spec/verification.md §4.1).</summary>
internal static class StatementPlace
{
    public static void Check(ReadOnlySpan<byte> statement, long index, IReadOnlyList<Digest> path, TreeHead newest, string kind, FailureList failures)
    {
        var subject = $"{index}";
        if (index >= newest.Size)
        {
            failures.Add(ReasonCodes.InclusionPath, kind, subject, $"an index below the checkpoint's size {newest.Size}", $"{index}");
            return;
        }

        var root = InclusionProof.RootFrom(MerkleHash.Leaf(statement), index, newest.Size, [.. path]);
        if (root is null)
        {
            failures.Add(ReasonCodes.InclusionPath, kind, subject, $"an inclusion path that fits index {index} of {newest.Size}", $"{path.Count} hashes: too many or too few");
        }
        else if (root != newest.Root)
        {
            failures.Add(ReasonCodes.InclusionRoot, kind, subject, $"an inclusion path to the checkpoint's root {newest.Root}", $"a path to {root}: the statement or its path was altered, or it is not in this ledger");
        }
    }
}
