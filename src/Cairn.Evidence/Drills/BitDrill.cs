using System.Collections.Concurrent;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Drills;

/// <summary>
/// Changes every bit of a bundle, one at a time, and verifies each result under the verifier's own policy. It goes two ways:
/// the bundle's bytes as they lie there, members and container; and each member's bytes with manifest and checksums made to
/// fit afterwards, as somebody without keys can, so that only signatures and proofs are left to see it.
/// </summary>
public static class BitDrill
{
    /// <summary>What the drill calls headers, directory and end record of the zip.</summary>
    public const string Container = "(container)";

    /// <summary>How many undetected changes are listed.</summary>
    public const int MostListed = 20;

    /// <summary>The largest bundle, in bytes: each bit of it is a verification of its own.</summary>
    public const int MostBytes = 16 << 20;

    /// <summary>Runs the drill on all cores.</summary>
    /// <param name="bundle">A bundle that is verified under <paramref name="policy"/>.</param>
    /// <param name="policy">Whom the verifier trusts.</param>
    /// <param name="sample">At most this many bits of each place and way, chosen by <paramref name="seed"/>; null for all bits.</param>
    /// <param name="seed">Chooses the sample; the same seed the same bits.</param>
    /// <param name="progress">Told how many changes were tried, of how many, now and then, from any thread.</param>
    /// <param name="cancellationToken">Ends the drill.</param>
    /// <exception cref="EvidenceFormatException">The bundle is too large, or is not verified as it is.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static BitDrillReport Run(
        byte[] bundle, TrustPolicy policy, int? sample = null, int seed = 1, Action<long, long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(policy);
        if (bundle.Length > MostBytes)
        {
            throw new EvidenceFormatException($"drill: expected a bundle of at most {MostBytes} bytes, found {bundle.Length}");
        }

        // Every changed bundle is verified whole, from its first byte. Shared is what was said of certificates' paths, by all their bytes.
        var options = new VerifyOptions();
        var honest = Verify(bundle, policy, options);
        if (!honest.Verified)
        {
            var why = honest.Integrity.Failures.Concat(honest.Completeness.Failures).First();
            throw new EvidenceFormatException($"drill: expected a bundle that is verified before it is changed, found {why}");
        }

        var apart = new TakenApart(bundle);
        var (tallies, tried) = (Tallies(apart, sample, seed), 0L);
        var all = tallies.Sum(tally => (long)tally.Bits.Count);
        var expected = VerificationJson.Encode(honest);
        Parallel.ForEach(
            Partitioner.Create(tallies.SelectMany(tally => tally.Bits.Select(bit => (Tally: tally, Bit: bit))), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken },
            one =>
            {
                var report = Verify(one.Tally.Change(one.Bit), policy, options);
                one.Tally.Count(one.Bit, Judge(report, honest, expected));
                if (Interlocked.Increment(ref tried) is var done && done % 1000 == 0)
                {
                    progress?.Invoke(done, all);
                }
            });
        return new BitDrillReport(
            [.. tallies.Select(tally => tally.Total)],
            tallies.SelectMany(tally => tally.Unclaimed).GroupBy(one => one.Key, one => one.Value).ToDictionary(group => group.Key, group => group.Sum()),
            [.. tallies.SelectMany(tally => tally.Undetected).Take(MostListed)]);
    }

    private static VerificationReport Verify(byte[] bundle, TrustPolicy policy, VerifyOptions options) =>
        BundleVerifier.Verify(new MemoryStream(bundle, writable: false), policy, options);

    private static BitEffect Judge(VerificationReport report, VerificationReport honest, byte[] expected) =>
        !report.Verified ? BitEffect.Failed
        : SaysLess(report, honest) ? BitEffect.SaysLess
        : VerificationJson.Encode(report).AsSpan().SequenceEqual(expected) ? BitEffect.None
        : BitEffect.SaysOther;

    /// <summary>Whether a verified report lost something that the honest one has, and says the same of the trail.</summary>
    private static bool SaysLess(VerificationReport report, VerificationReport honest) =>
        (report.Trace, report.Counts, report.Actions) == (honest.Trace, honest.Counts, honest.Actions)
        && report.Emitters.SequenceEqual(honest.Emitters)
        && (report.Checkpoint?.Size, report.Checkpoint?.Root) == (honest.Checkpoint?.Size, honest.Checkpoint?.Root)
        && report.Trust.Witnesses.All(honest.Trust.Witnesses.Contains)
        && Claims(report).All(Claims(honest).Contains)
        && (report.Warnings.Count > honest.Warnings.Count || report.Trust.Witnesses.Count < honest.Trust.Witnesses.Count || Claims(report).Count() < Claims(honest).Count());

    private static IEnumerable<(long, ClaimSummary)> Claims(VerificationReport report) =>
        report.Times.Anchors.SelectMany(anchor => anchor.Claims.Select(claim => (anchor.Size, claim)));

    private static List<BitTally> Tallies(TakenApart apart, int? sample, int seed)
    {
        var random = new Random(seed);
        List<BitTally> tallies = [];
        var data = new string[apart.Bytes.Length];
        Array.Fill(data, Container);
        foreach (var entry in apart.Entries)
        {
            data.AsSpan((int)entry.DataOffset, (int)entry.CompressedBytes).Fill(entry.Name);
        }

        foreach (var place in apart.Entries.Select(entry => entry.Name).Prepend(Container))
        {
            var bits = Enumerable.Range(0, data.Length).Where(at => data[at] == place).SelectMany(at => Enumerable.Range(0, 8).Select(bit => 8L * at + bit));
            tallies.Add(new BitTally(place, isRefitted: false, Chosen(bits, sample, random), bit => Flip(apart.Bytes, bit), bit => apart.InflatesToTheSame(place, bit) ? UnclaimedBytes.Compression : null));
        }

        for (var i = 0; i < apart.Entries.Count; i++)
        {
            var (member, bytes) = (i, apart.Members[i]);
            var bits = Enumerable.Range(0, bytes.Length).SelectMany(at => Enumerable.Range(0, 8).Select(bit => 8L * at + bit));
            var unclaimed = UnclaimedBytes.Of(apart.Entries[i].Name, bytes);
            tallies.Add(new BitTally(
                apart.Entries[i].Name, isRefitted: true, Chosen(bits, sample, random), bit => apart.With(member, Flip(bytes, bit)), bit => unclaimed[bit >> 3]));
        }

        return tallies;
    }

    private static long[] Chosen(IEnumerable<long> bits, int? sample, Random random)
    {
        var all = bits.ToArray();
        if (sample is { } most && most < all.Length)
        {
            random.Shuffle(all);
            all = [.. all.Take(most).Order()];
        }

        return all;
    }

    internal static byte[] Flip(byte[] bytes, long bit)
    {
        var copy = bytes.AsSpan().ToArray();
        copy[bit >> 3] ^= (byte)(1 << (int)(bit & 7));
        return copy;
    }
}
