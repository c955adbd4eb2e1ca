using System.Threading.Channels;
using Cairn.Bench.Ingest;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Identity;
using Cairn.TrailGenerator;

namespace Cairn.Bench.Trails;

/// <summary>
/// A real ledger that a fleet writes into: each emitter has an SVID and a stream of its own, statements are signed, checked
/// and acknowledged as any other. Making and signing go on while what was made before is submitted.
/// </summary>
internal sealed class FleetLedger : IAsyncDisposable
{
    private const int StatementsAtOnce = 32;

    private readonly List<(Svid Svid, StatementSigner Signer)> _keys;
    private readonly (long Seq, Digest Previous)[] _streams;
    private readonly IEnumerator<FleetStatement> _arrivals;

    private FleetLedger(BenchLedger ledger, Fleet fleet)
    {
        Bench = ledger;
        _keys = [.. fleet.Emitters.Select(emitter =>
        {
            var svid = ledger.Authority.Issue(emitter.Id, LocalAuthority.DefaultTtl);
            return (svid, StatementSigner.WithSvid(svid.Id, svid.Key, svid.Chain));
        })];
        _streams = new (long, Digest)[fleet.Emitters.Count];
        _arrivals = Arrivals.Of(fleet.Records(), fleet).GetEnumerator();
    }

    public BenchLedger Bench { get; }

    /// <summary>How many records are in it.</summary>
    public long Records { get; private set; }

    public static async Task<FleetLedger> CreateAsync(string path)
    {
        var ledger = await BenchLedger.CreateAsync(path);
        return new FleetLedger(ledger, new Fleet(new FleetOptions { TrustDomain = ledger.Directory.TrustDomain, Begins = DateTimeOffset.UtcNow }));
    }

    /// <summary>Goes on until so many records are acknowledged, or a few more.</summary>
    public async Task GrowAsync(long records)
    {
        var made = Channel.CreateBounded<Submission[]>(4);
        var making = Task.Run(async () =>
        {
            try
            {
                for (var left = records - Records; left > 0;)
                {
                    var batch = new Submission[StatementsAtOnce];
                    for (var i = 0; i < batch.Length; i++)
                    {
                        batch[i] = Next();
                        left -= batch[i].Records.Count;
                    }

                    await made.Writer.WriteAsync(batch);
                }
            }
            finally
            {
                made.Writer.Complete();
            }
        });
        await foreach (var batch in made.Reader.ReadAllAsync())
        {
            _ = await Bench.Ledger.SubmitAsync(batch, CancellationToken.None);
            Records += batch.Sum(one => one.Records.Count);
        }

        await making;
    }

    public async ValueTask DisposeAsync()
    {
        _arrivals.Dispose();
        foreach (var (svid, signer) in _keys)
        {
            signer.Dispose();
            svid.Dispose();
        }

        await Bench.DisposeAsync();
    }

    private Submission Next()
    {
        _ = _arrivals.MoveNext();
        var (emitter, records) = _arrivals.Current;
        ref var stream = ref _streams[emitter.Number];
        var leaves = new Digest[records.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = MerkleHash.Leaf(records[i].Span);
        }

        var statement = _keys[emitter.Number].Signer.Sign(
            new StatementPayload(emitter.Stream, stream.Seq, stream.Previous, leaves.Length, MerkleTree.Root(leaves), KnownHead: null), includeChain: stream.Seq == 0);
        stream = (stream.Seq + 1, statement.Hash);
        return new Submission(statement, records, []);
    }
}
