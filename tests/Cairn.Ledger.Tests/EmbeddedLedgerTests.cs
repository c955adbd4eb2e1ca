using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;

namespace Cairn.Ledger.Tests;

public class EmbeddedLedgerTests
{
    private static readonly CancellationToken Cancel = CancellationToken.None;

    [Fact]
    public async Task Statements_get_indices_receipts_and_come_back_as_they_were()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var emitter = test.Emitter();
        var submissions = Enumerable.Range(0, 300).Select(i => emitter.Next(1 + (i % 5))).ToList();

        var acknowledged = await ledger.SubmitAsync(submissions, Cancel);

        Assert.Equal(Enumerable.Range(0, 300).Select(i => (long)i), acknowledged.Select(one => one.Index));
        var note = await ledger.WaitForCheckpointAsync(299, TimeSpan.FromSeconds(20), Cancel);
        Assert.True(test.Directory.TrustPolicy().Log.Check(note).Accepted);
        foreach (var index in new[] { 0, 1, 255, 256, 299 })
        {
            var receipt = await ledger.ReceiptAsync(index, Cancel);
            Assert.True(receipt.Proves(submissions[index].Statement.Bytes.Span));
        }

        var entries = new List<LedgerEntry>();
        await foreach (var entry in ledger.ReadAsync(0, long.MaxValue, Cancel))
        {
            entries.Add(entry);
        }

        Assert.Equal(submissions.Select(s => s.Statement.Hash), entries.Select(entry => entry.Statement.Hash));
        Assert.All(entries, entry => Assert.Equal(
            submissions[(int)entry.Index].Records.Select(record => record.ToArray()),
            entry.Records.Select(record => record.ToArray())));
        Assert.Equal(new EmitterCount(submissions[0].Statement.Issuer, emitter.Stream, submissions.Sum(s => s.Records.Count)), Assert.Single(await ledger.CountsAsync(emitter.Trace, Cancel)));
    }

    [Fact]
    public async Task The_log_grows_consistently_over_restarts()
    {
        using var test = new TestLedger();
        using var emitter = test.Emitter();
        var heads = new List<TreeHead>();
        for (var round = 0; round < 6; round++)
        {
            await using var ledger = await test.OpenAsync();
            await ledger.SubmitAsync([.. Enumerable.Range(0, 100).Select(_ => emitter.Next())], Cancel);
            var note = await ledger.WaitForCheckpointAsync((100 * (round + 1)) - 1, TimeSpan.FromSeconds(20), Cancel);
            heads.Add(Checkpoint.Of(note).Head);
            foreach (var older in heads)
            {
                Assert.True(ConsistencyProof.Verify(older, heads[^1], await ledger.Tree().ConsistencyPathAsync(older.Size, heads[^1].Size, Cancel)));
            }
        }
    }

    [Fact]
    public async Task The_same_statement_again_gets_the_same_index_and_another_in_its_place_is_refused()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var emitter = test.Emitter();
        var (first, second) = (emitter.Next(), emitter.Next());
        await ledger.SubmitAsync([first, second], Cancel);

        Assert.Equal([1L, 0L], (await ledger.SubmitAsync([second, first], Cancel)).Select(one => one.Index));
        using var twin = new TwinEmitter(test, emitter.Stream);
        var fork = await Assert.ThrowsAsync<SubmissionRejectedException>(async () => await ledger.SubmitAsync([twin.First()], Cancel));
        Assert.Equal("stream-fork", fork.Code);
        Assert.Equal(2, ledger.Count());
    }

    [Fact]
    public async Task A_statement_out_of_order_is_refused_and_the_missing_one_still_taken()
    {
        using var test = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var emitter = test.Emitter();
        var (first, second) = (emitter.Next(), emitter.Next());

        var gap = await Assert.ThrowsAsync<SubmissionRejectedException>(async () => await ledger.SubmitAsync([second], Cancel));
        await ledger.SubmitAsync([first], Cancel);

        // The certificate of a stream comes with its first statement: without it the second names an unknown one.
        Assert.Contains(gap.Code, new[] { "stream-order", "unknown-emitter" });
        Assert.Equal(1, (await ledger.SubmitAsync([second], Cancel))[0].Index);
    }

    [Fact]
    public async Task Records_other_than_those_signed_and_emitters_of_another_ledger_are_refused()
    {
        using var test = new TestLedger();
        using var other = new TestLedger();
        await using var ledger = await test.OpenAsync();
        using var emitter = test.Emitter();
        using var stranger = other.Emitter();
        var submission = emitter.Next(2);

        Assert.Equal("format", (await Assert.ThrowsAsync<SubmissionRejectedException>(async () =>
            await ledger.SubmitAsync([submission with { Records = [submission.Records[1], submission.Records[0]] }], Cancel))).Code);
        Assert.Equal("unknown-emitter", (await Assert.ThrowsAsync<SubmissionRejectedException>(async () => await ledger.SubmitAsync([stranger.Next()], Cancel))).Code);
        Assert.Equal(0, ledger.Count());
    }

    private sealed class TwinEmitter(TestLedger test, StreamId stream) : IDisposable
    {
        private readonly TestEmitter _records = test.Emitter();

        public Submission First()
        {
            var record = (ReadOnlyMemory<byte>)_records.Record();
            using var authority = Identity.LocalAuthority.Open(test.Directory.KeysPath, test.Directory.TrustDomain);
            var id = SpiffeId.Parse($"spiffe://{test.Directory.TrustDomain}/gateway/test");
            var svid = authority.Issue(id, TimeSpan.FromHours(1));
            using var signer = StatementSigner.WithSvid(id, svid.Key, svid.Chain);
            return new Submission(signer.Sign(new StatementPayload(stream, 0, default, 1, MerkleHash.Leaf(record.Span), null), includeChain: true), [record], []);
        }

        public void Dispose() => _records.Dispose();
    }
}
