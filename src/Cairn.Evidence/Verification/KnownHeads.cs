using Cairn.Evidence.Bundles;
using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Verification;

/// <summary>
/// The tree heads that emitters were shown, each proven to be extended by the checkpoint: 40 bytes for each distinct
/// head. A head that isn't is a fork of the ledger.
/// </summary>
internal sealed class KnownHeads
{
    private const int Most = 1 << 20;
    private const int MostLine = 16384;
    private readonly List<TreeHead> _heads = [];
    private readonly List<bool> _good = [];

    /// <exception cref="BundleFault">The file is not one of heads by ascending size.</exception>
    public static KnownHeads Read(BundleContents bundle, TreeHead newest, FailureList failures)
    {
        var known = new KnownHeads();
        var lines = new LineReader(bundle[BundleFiles.Heads], BundleFiles.Heads, MostLine);
        while (lines.TryRead(out var line))
        {
            var proof = HeadProof.Parse(line, lines.Lines);
            if (known._heads.Count > 0 && proof.Head.Size <= known._heads[^1].Size)
            {
                throw BundleFault.File(ReasonCodes.LineMalformed, $"{BundleFiles.Heads} line {lines.Lines}", "heads by strictly ascending size", $"{proof.Head.Size} after {known._heads[^1].Size}");
            }

            if (known._heads.Count == Most)
            {
                throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.Heads, $"at most {Most} heads", "more");
            }

            var good = ConsistencyProof.Verify(proof.Head, newest, [.. proof.Consistency]);
            known._heads.Add(proof.Head);
            known._good.Add(good);
            if (!good)
            {
                failures.Add(
                    ReasonCodes.HeadInconsistent, "head", $"size {proof.Head.Size}",
                    $"a proof that the checkpoint of size {newest.Size} extends the tree of size {proof.Head.Size} with root {proof.Head.Root}", "one that does not hold");
            }
        }

        return known;
    }

    public int Count => _heads.Count;

    /// <summary>Null when the bundle has no head of that size; else whether the head is the one there, and proven.</summary>
    public bool? IsProven(TreeHead head)
    {
        var (low, high) = (0, _heads.Count);
        while (low < high)
        {
            var middle = (low + high) >> 1;
            (low, high) = _heads[middle].Size < head.Size ? (middle + 1, high) : (low, middle);
        }

        return low < _heads.Count && _heads[low].Size == head.Size ? _good[low] && _heads[low].Root == head.Root : null;
    }
}
