using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Drills;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Tests.Verification;
using Cairn.Evidence.Trust;
using static Cairn.Evidence.Tests.Verification.BundleBytes;

namespace Cairn.Evidence.Tests.Drills;

/// <summary>Every single-bit change of a bundle is seen, but for the bytes that docs/spec/verification.md §11 names.</summary>
public sealed class BitDrillTests
{
    [Fact]
    public void Every_bit_of_the_smallest_bundle_is_seen_or_in_the_named_list()
    {
        var (bundle, policy) = Smallest();

        var report = BitDrill.Run(bundle, policy);

        Assert.Empty(report.Undetected);
        Assert.All(report.Counts.Where(count => !count.IsRefitted), count => Assert.Equal(count.Bits, count.Failed));
        Assert.Equal(["hints", "the exporter's own trust policy", "the time of creation"], report.UnclaimedBits.Keys.Order());
    }

    [Fact]
    public void Bits_of_a_larger_bundle_by_sample_are_seen_or_in_the_named_list()
    {
        using var ledger = TestLedger.Story();

        var report = BitDrill.Run(ledger.Bundle(), ledger.Policy, sample: 40, seed: 7);

        Assert.Empty(report.Undetected);
        Assert.All(report.Counts, count => Assert.InRange(count.Bits, 1, 40));
        Assert.Equal(2 * BundleFiles.Required.Count + 1, report.Counts.Count);
    }

    [Fact]
    public void Every_bit_of_policy_bundles_and_engine_is_seen()
    {
        using var ledger = new TestLedger();
        byte[][] policies = [[.. "cairn-policy v1\none"u8], [.. "cairn-policy v1\ntwo"u8]];
        byte[] engine = [0, (byte)'a', (byte)'s', (byte)'m', 1, 0, 0, 0];
        var gateway = ledger.Emitter("gateway/one");
        ledger.Append(gateway, gateway.Started(), gateway.Decided(Digest.Sha256(policies[0]), Digest.Sha256(engine)), gateway.Decided(Digest.Sha256(policies[1]), Digest.Sha256(engine)), gateway.Ended());
        ledger.Policies.AddRange(policies);
        ledger.Engine = engine;

        var report = BitDrill.Run(ledger.Bundle(), ledger.Policy, sample: 300, seed: 5);

        Assert.Empty(report.Undetected);
        foreach (var file in (string[])[BundleFiles.PolicyIndex, BundleFiles.Policies, BundleFiles.Engine])
        {
            Assert.All(report.Counts.Where(count => count.Place == file), count => Assert.Equal(count.Bits, count.Failed));
            Assert.Equal(2, report.Counts.Count(count => count.Place == file));
        }
    }

    [Fact]
    public void Witness_that_is_lost_makes_the_report_say_less()
    {
        using var ledger = TestLedger.Story();
        using var witness = CheckpointSigner.Generate(KeyType.CosignatureEd25519, "witness.example/w");
        var policy = ledger.PolicyWith($"witness w {witness.VerifierKey}\nquorum none\n");

        var report = BitDrill.Run(ledger.Bundle(ledger.Checkpoint(null, witness)), policy, sample: 200, seed: 2);

        Assert.Empty(report.Undetected);
        Assert.NotEqual(0, Assert.Single(report.Counts, count => count is { IsRefitted: true, Place: BundleFiles.Checkpoint }).SaysLess);
    }

    [Fact]
    public void Every_sampled_bit_of_a_proven_change_of_log_keys_is_seen()
    {
        using var story = new KeyStory();
        story.Change();
        story.End();
        var bundle = story.Bundle();

        var report = BitDrill.Run(bundle, story.Policy(story.Generations[0]), sample: 150, seed: 11);

        Assert.Empty(report.Undetected);
        Assert.All(report.Counts.Where(count => count.Place == BundleFiles.Keys), count => Assert.Equal((150L, 150L), (count.Bits, count.Failed)));
    }

    [Fact]
    public void Bits_of_compressed_data_that_change_no_byte_of_the_member_are_named_and_all_others_seen()
    {
        // Long runs of one letter, so that the compressed data is short enough for every bit of it.
        var (bundle, policy) = Smallest(page: [.. Enumerable.Repeat("abcdefgh"u8.ToArray(), 625).SelectMany(run => run)]);

        var report = BitDrill.Run(bundle, policy, sample: 1000, seed: 4);

        Assert.Empty(report.Undetected);
        var page = Assert.Single(report.Counts, count => count is { IsRefitted: false, Place: BundleFiles.Report });
        Assert.InRange(page.Bits, 1, 999);
        Assert.Equal(page.Bits, page.Failed + page.Unclaimed);
        Assert.Equal(page.Unclaimed, report.UnclaimedBits.GetValueOrDefault("compressed data that inflates to the same bytes"));
    }

    [Fact]
    public void Progress_is_told_with_the_number_of_all_bits()
    {
        using var ledger = TestLedger.Story();
        var (told, most) = (0, 0L);

        var report = BitDrill.Run(ledger.Bundle(), ledger.Policy, sample: 100, seed: 6, progress: (done, all) =>
        {
            Interlocked.Increment(ref told);
            Interlocked.Exchange(ref most, all);
            Assert.InRange(done, 1, all);
        });

        Assert.NotEqual(0, told);
        Assert.Equal(report.Counts.Sum(count => count.Bits), most);
    }

    [Fact]
    public void Sample_is_the_same_for_the_same_seed()
    {
        using var ledger = TestLedger.Story();
        var bundle = ledger.Bundle();

        var (first, again) = (BitDrill.Run(bundle, ledger.Policy, sample: 5, seed: 3), BitDrill.Run(bundle, ledger.Policy, sample: 5, seed: 3));

        Assert.Equal(first.Counts, again.Counts);
    }

    [Fact]
    public void Bundle_that_is_not_verified_as_it_is_is_refused()
    {
        using var ledger = TestLedger.Story();
        var broken = Edit(ledger.Bundle(), BundleFiles.Records, text => text.Replace("alice", "alicf", StringComparison.Ordinal));

        var problem = Assert.Throws<EvidenceFormatException>(() => BitDrill.Run(broken, ledger.Policy));

        Assert.Contains("verified before it is changed", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Change_that_passes_is_listed_with_its_place()
    {
        var names = UnclaimedBytes.Of(BundleFiles.Checkpoint, new byte[3]);
        var tally = new BitTally(BundleFiles.Checkpoint, isRefitted: true, [8, 9], _ => [], bit => names[bit >> 3]);

        tally.Count(8, BitEffect.None);
        tally.Count(9, BitEffect.SaysOther);

        Assert.Equal([new UndetectedBit(BundleFiles.Checkpoint, true, 1, 0), new UndetectedBit(BundleFiles.Checkpoint, true, 1, 1)], tally.Undetected);
        Assert.Equal(2, tally.Total.Undetected);
    }

    /// <summary>
    /// One emitter with a pinned key, one statement, a log with one Ed25519 key: small enough for every bit in a test. Certificates
    /// and ML-DSA-44 are in the larger bundle, by sample, and in <c>cairn drill tamper</c>, whole.
    /// </summary>
    private static (byte[] Bundle, TrustPolicy Policy) Smallest(byte[]? page = null)
    {
        const string Origin = "example.org/ledger/small";
        using var log = CheckpointSigner.FromSeed(KeyType.Ed25519, Origin, [.. Enumerable.Repeat((byte)3, 32)]);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuer = SpiffeId.Parse("spiffe://example.org/gateway/small");
        using var signer = StatementSigner.WithKey(issuer, key);
        var (trace, stream, actor) = (TraceId.New(), StreamId.New(), new Actor(SpiffeId.Parse("spiffe://example.org/agent/a"), "host:1", "team@example.org"));
        byte[] Write(string kind, long seq, Action<Utf8JsonWriter> body) => RecordWriter.Write(
            new RecordHeader(RecordId.New(TestAuthority.Now), kind, TestAuthority.Now, trace, SpanId.New(), null, null, seq, actor), body);
        byte[][] records =
        [
            Write(RecordKinds.TaskStarted, 0, writer => writer.WriteString("principal", "alice")),
            Write(RecordKinds.TaskEnded, 1, writer =>
            {
                writer.WriteStartArray("emitters");
                writer.WriteStartObject();
                writer.WriteString("emitter", issuer.ToString());
                writer.WriteString("stream", stream.ToString());
                writer.WriteNumber("records", 2);
                writer.WriteEndObject();
                writer.WriteEndArray();
            }),
        ];
        var hashes = records.Select(record => MerkleHash.Leaf(record)).ToArray();
        var statement = signer.Sign(new StatementPayload(stream, 0, default, records.Length, MerkleTree.Root(hashes), null), includeChain: false);
        var checkpoint = new Checkpoint(Origin, 1, MerkleTree.Root([statement.LeafHash]));
        var policy = TrustPolicy.Parse($"log {log.VerifierKey}\nquorum none\nemitter gateway {issuer} {Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}\n");
        using var assembler = new BundleAssembler(_ => new MemoryStream());
        assembler.Add(statement, new StatementProof(0, null, [], [], hashes.SelectMany(hash => hash.ToArray()[..4]).ToArray()), records.Select(record => (ReadOnlyMemory<byte>)record));
        if (page is not null)
        {
            assembler.AddReport(page);
        }

        using var output = new MemoryStream();
        assembler.Finish(output, trace, new SignedNote(checkpoint.Body, [log.Sign(checkpoint, TestAuthority.Now.AddMinutes(1))]), policy, TestLedger.Created);
        return (output.ToArray(), policy);
    }
}
