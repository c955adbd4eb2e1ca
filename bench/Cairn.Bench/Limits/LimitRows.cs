using Cairn.Bench.Measuring;
using Cairn.Bench.Peers;

namespace Cairn.Bench.Limits;

/// <summary>The limits and the peer as rows of their own, so that every figure that others are held against is printed.</summary>
internal static class LimitRows
{
    public static IEnumerable<Row> Of(MachineLimits limits, GovernanceAudit peer) =>
    [
        new("limit.hash", "limit: SHA-256 of a record", Unit.Time, Better.Lower, limits.RecordHash),
        new("limit.verify", "limit: ES256 verify", Unit.Time, Better.Lower, limits.Verify),
        new("limit.append", "limit: append 4 KiB + fsync", Unit.Time, Better.Lower, limits.Append.Median)
        {
            Details = [("p99", limits.Append.P99, Unit.Time), ("sequential write, bytes", 1 / limits.WriteByte, Unit.PerSecond)],
        },
        new("peer.append", $"peer: audit append ({peer.Name})", Unit.Time, Better.Lower, peer.Median)
        {
            Details =
            [
                ("p99", peer.P99, Unit.Time),
                ("appends, nothing evicted", peer.AppendsPerSecond, Unit.PerSecond),
                ("appends as it comes, evicting past 10,000 entries", peer.AppendsPerSecondAsItComes, Unit.PerSecond),
                ("entries verified (hash chain only)", peer.VerifiedPerSecond, Unit.PerSecond),
            ],
        },
    ];
}
