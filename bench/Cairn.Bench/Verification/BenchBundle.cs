using Cairn.Bench.Ingest;
using Cairn.Evidence;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.Sdk;
using Cairn.Trails.Bundles;
using NSec.Cryptography;

namespace Cairn.Bench.Verification;

/// <summary>What a bundle is made of.</summary>
/// <param name="Records">Records of the one trail; even.</param>
/// <param name="RecordsEach">Records to a statement.</param>
/// <param name="Algorithm">ES256 with an SVID, as emitters have it; or EdDSA with an enrolled key.</param>
/// <param name="Profile">How much content is kept; what is kept is disclosed in the bundle.</param>
internal sealed record BundleShape(int Records, int RecordsEach, StatementAlgorithm Algorithm = StatementAlgorithm.ES256, CaptureProfile Profile = CaptureProfile.Metadata);

/// <summary>A bundle of a whole trail that went through a real ledger and a real export, and the policy that verifies it.</summary>
/// <param name="Path">The bundle's file, without pages for people.</param>
/// <param name="Policy">The trust policy's file.</param>
/// <param name="Shape">What it is made of.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="BytesWithPages">The same as `cairn export` writes it, with report.html and verify.html; null where it was not asked for.</param>
/// <param name="RecordBytes">The records' own bytes together.</param>
/// <param name="ContentBytes">The contents' bytes together, before anything was done to them.</param>
/// <param name="StoredBytes">The ledger's data directory, after it was closed.</param>
internal sealed record BenchBundle(string Path, string Policy, BundleShape Shape, long Bytes, long? BytesWithPages, long RecordBytes, long ContentBytes, long StoredBytes)
{
    private const int StatementsAtOnce = 20;

    /// <summary>Makes it.</summary>
    /// <param name="options">Where, and how much.</param>
    /// <param name="name">A folder of its own for the ledger, and the bundle's name.</param>
    /// <param name="shape">What it is made of.</param>
    /// <param name="pages">Whether it is exported once more with its pages, for its size alone.</param>
    public static async Task<BenchBundle> MakeAsync(Options options, string name, BundleShape shape, bool pages = false)
    {
        var folder = System.IO.Path.Combine(options.Data, name);
        var (bundle, policy) = (System.IO.Path.Combine(options.Data, $"{name}.zip"), System.IO.Path.Combine(options.Data, $"{name}.policy"));
        var (recordBytes, contentBytes, withPages) = (0L, 0L, (long?)null);
        using var key = shape.Algorithm == StatementAlgorithm.EdDSA ? Key.Create(SignatureAlgorithm.Ed25519) : null;
        await using (var ledger = await BenchLedger.CreateAsync(folder, key is null ? null : Enrolment(key)))
        {
            using var vault = TrailVault.Open(ledger.Directory.VaultPath);
            using var svid = ledger.Issue("bench");
            using var signer = key is null ? StatementSigner.WithSvid(svid.Id, svid.Key, svid.Chain) : StatementSigner.WithKey(Enrolled, key);
            var stream = StreamId.New();
            var trail = new WholeTrail(signer.Issuer, stream, shape.Profile, new VaultKeys(vault));
            foreach (var batch in Statements(signer, stream, trail.Records(shape.Records), shape.RecordsEach).Chunk(StatementsAtOnce))
            {
                recordBytes += batch.Sum(one => one.Records.Sum(record => (long)record.Length));
                _ = await ledger.Ledger.SubmitAsync(batch, CancellationToken.None);
            }

            contentBytes = trail.ContentBytes;
            await File.WriteAllTextAsync(policy, ledger.Directory.TrustPolicy().Encode());
            var how = new BundleOptions { Pages = false, Content = shape.Profile != CaptureProfile.Metadata, CheckpointTimeout = TimeSpan.FromMinutes(5) };
            if (pages)
            {
                withPages = (await BundleWriter.WriteAsync(ledger.Ledger, ledger.Directory, trail.Trace, bundle, how with { Pages = true })).Bytes;
            }

            _ = await BundleWriter.WriteAsync(ledger.Ledger, ledger.Directory, trail.Trace, bundle, how);
        }

        var stored = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        Directory.Delete(folder, recursive: true);
        return new BenchBundle(bundle, policy, shape, new FileInfo(bundle).Length, withPages, recordBytes, contentBytes, stored);
    }

    private static SpiffeId Enrolled { get; } = SpiffeId.Parse("spiffe://cairn.local/agent/enrolled");

    private static string Enrolment(Key key) =>
        $"emitter agent {Enrolled} {Convert.ToBase64String(Ed25519Spki.Write(key.PublicKey.Export(KeyBlobFormat.RawPublicKey)))}\n";

    private static IEnumerable<Submission> Statements(StatementSigner signer, StreamId stream, IEnumerable<MadeRecord> records, int each)
    {
        var (seq, previous) = (0L, default(Digest));
        foreach (var some in records.Chunk(each))
        {
            var leaves = Array.ConvertAll(some, record => MerkleHash.Leaf(record.Bytes));
            var statement = signer.Sign(new StatementPayload(stream, seq, previous, some.Length, MerkleTree.Root(leaves), KnownHead: null), includeChain: seq == 0);
            (seq, previous) = (seq + 1, statement.Hash);
            yield return new Submission(statement, [.. some.Select(record => (ReadOnlyMemory<byte>)record.Bytes)], [.. some.SelectMany(record => record.Contents)]);
        }
    }

    /// <summary>The vault of the ledger's own data directory: what it holds, an export discloses.</summary>
    private sealed class VaultKeys(TrailVault vault) : ITrailKeys
    {
        public byte[] KeyFor(TraceId trace) => vault.KeyFor(trace);
    }
}
