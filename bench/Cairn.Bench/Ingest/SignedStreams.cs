using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Identity;

namespace Cairn.Bench.Ingest;

/// <summary>Streams of statements, signed before any clock starts, so that the emitter's signing is not counted as the ledger's work.</summary>
internal static class SignedStreams
{
    /// <summary>One stream of <paramref name="statements"/> statements with <paramref name="recordsEach"/> records each, in order.</summary>
    /// <param name="svid">The emitter: its key signs.</param>
    /// <param name="records">Writes the records; each stream is a trail of its own.</param>
    /// <param name="statements">How many statements.</param>
    /// <param name="recordsEach">How many records each signs.</param>
    public static IEnumerable<Submission> Stream(Svid svid, SampleRecords records, int statements, int recordsEach)
    {
        using var signer = StatementSigner.WithSvid(svid.Id, svid.Key, svid.Chain);
        var stream = StreamId.New();
        var previous = default(Digest);
        var leaves = new Digest[recordsEach];
        for (var seq = 0; seq < statements; seq++)
        {
            var bytes = new ReadOnlyMemory<byte>[recordsEach];
            for (var i = 0; i < recordsEach; i++)
            {
                bytes[i] = records.Write(((long)seq * recordsEach) + i);
                leaves[i] = MerkleHash.Leaf(bytes[i].Span);
            }

            var statement = signer.Sign(
                new StatementPayload(stream, seq, previous, recordsEach, MerkleTree.Root(leaves), KnownHead: null), includeChain: seq == 0);
            previous = statement.Hash;
            yield return new Submission(statement, bytes, []);
        }
    }
}
