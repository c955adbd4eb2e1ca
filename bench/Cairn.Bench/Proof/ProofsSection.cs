using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tiles;

namespace Cairn.Bench.Proof;

/// <summary>What a proof of a ledger takes as the ledger grows: to make from its tiles, to verify, and to send.</summary>
internal static class ProofsSection
{
    private const string Origin = "bench.example/ledger";
    private const double AllowedToMake = 2e-3;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits, TextWriter progress)
    {
        var log = new SyntheticLog(Path.Combine(options.Data, "log"));
        using var ed25519 = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
        using var mldsa = CheckpointSigner.Generate(KeyType.MlDsa44, Origin);
        var rows = new List<Row>();
        for (var size = 100L; size <= options.Most; size *= 10)
        {
            progress.WriteLine($"  a log of {size:N0} entries…");
            await log.GrowAsync(size);
            var checkpoint = new Checkpoint(Origin, size, await log.Tree.RootAsync(size, default));
            var note = new SignedNote(checkpoint.Body, [ed25519.Sign(checkpoint, DateTimeOffset.UtcNow), mldsa.Sign(checkpoint, DateTimeOffset.UtcNow)]);
            var (included, consistent) = Prove(log, checkpoint.Head, options.Quick ? 200 : 2000);
            var levels = Enumerable.Range(0, 8).Count(level => size >> (8 * level) > 0);
            var read = new Beside(levels * Repeat.SecondsPerCall(3, 200, () => ReadTile(log)), $"{levels} tiles read, one of each level");
            rows.AddRange(Rows("inclusion", size, included, read, limits.NodeHash, AllowedToMake));
            rows.AddRange(Rows("consistency", size, consistent, read, 2 * limits.NodeHash, null));
            rows.Add(Receipt(size, included, note));
        }

        return rows;
    }

    /// <summary>Makes proofs of entries and older sizes all over the log, and verifies each.</summary>
    private static (List<MeasuredProof> Included, List<MeasuredProof> Consistent) Prove(SyntheticLog log, TreeHead head, int count)
    {
        var random = new Random(1);
        var (included, consistent) = (new List<MeasuredProof>(), new List<MeasuredProof>());
        for (var i = 0; i < count; i++)
        {
            var index = random.NextInt64(head.Size);
            var leaf = SyntheticLog.Leaf(index);
            included.Add(MeasuredProof.Of(index, () => Done(log.Tree.InclusionPathAsync(index, head.Size, default)), path => InclusionProof.Verify(leaf, index, head.Size, path, head.Root)));
            var size = 1 + random.NextInt64(head.Size - 1);
            var older = new TreeHead(size, Done(log.Tree.PrefixRootAsync(size, head.Size, default)));
            consistent.Add(MeasuredProof.Of(size, () => Done(log.Tree.ConsistencyPathAsync(size, head.Size, default)), path => ConsistencyProof.Verify(older, head, path)));
        }

        // The first tenth is compilation.
        return (included[(count / 10)..], consistent[(count / 10)..]);
    }

    /// <summary>Tiles are read from files without waiting, so that the task has ended when it comes.</summary>
    private static T Done<T>(ValueTask<T> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private static void ReadTile(SyntheticLog log)
    {
        var width = (int)Math.Min(log.Size, TileCoordinate.FullWidth);
        _ = File.ReadAllBytes(log.PathOf(new TileCoordinate(0, 0, width)));
    }

    private static IEnumerable<Row> Rows(string kind, long size, List<MeasuredProof> proofs, Beside read, double eachHash, double? aim)
    {
        var made = new Distribution([.. proofs.Select(proof => proof.Made)]);
        var verified = new Distribution([.. proofs.Select(proof => proof.Verified)]);
        var hashes = new Distribution([.. proofs.Select(proof => (double)proof.Path.Length)]);
        yield return new Row($"{kind}.make.{size}", $"{kind} proof made from tiles, {size:N0} statements, p50", Unit.Time, Better.Lower, made.Median, read, Aim: aim)
        {
            Details = [("p99", made.P99, Unit.Time), ("hashes, p50", hashes.Median, null), ("path, most", 32 * hashes.At(1), Unit.Bytes), ("proofs", made.Count, null)],
        };
        yield return new Row($"{kind}.verify.{size}", $"{kind} proof verified, {size:N0} statements, p50", Unit.Time, Better.Lower, verified.Median, new Beside(eachHash * hashes.Median, "its hashes of tree nodes"))
        {
            Details = [("p99", verified.P99, Unit.Time)],
        };
    }

    /// <summary>A receipt is the path and the signed checkpoint, as C2SP's tlog-proof writes them.</summary>
    private static Row Receipt(long size, List<MeasuredProof> included, SignedNote note)
    {
        var bytes = new Distribution([.. included.Select(proof => (double)new TlogProof(proof.Place, proof.Path, note).Encode().Length)]);
        var raw = new Distribution([.. included.Select(proof => (double)(32 * proof.Path.Length))]).Median + note.Signatures.Sum(signature => signature.Bytes.Length);
        return new Row($"receipt.bytes.{size}", $"receipt (tlog-proof), {size:N0} statements, p50", Unit.Bytes, Better.Lower, bytes.Median, new Beside(raw, "its hashes and both signatures as raw bytes"))
        {
            Details = [("most", bytes.At(1), Unit.Bytes)],
        };
    }
}
