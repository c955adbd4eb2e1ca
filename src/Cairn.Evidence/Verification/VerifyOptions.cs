using Cairn.Evidence.Decisions;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Timestamps;

namespace Cairn.Evidence.Verification;

/// <summary>How a bundle is verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>The most bytes that all files of a bundle may have together, uncompressed.</summary>
    public long MaxBytes { get; init; } = 32L << 30;

    /// <summary>How many failures of each verdict, and warnings, are listed; all are counted.</summary>
    public int MaxListed { get; init; } = 100;

    /// <summary>How far emitters' clocks may differ from the log's before a warning.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Told of every record as it is read, in the bundle's order. Nothing is proven of it at that moment: what was heard
    /// counts only when the report's integrity passed.
    /// </summary>
    public Action<BundleRecord>? Record { get; init; }

    /// <summary>
    /// Told of every record of an operator in trust.jsonl that is no change of trust bundles, such as the tombstone of an erasure, once it is
    /// proven to be in the ledger and signed by an operator of the policy. It counts only when the report's integrity passed.
    /// </summary>
    public Action<BundleRecord>? Operator { get; init; }

    /// <summary>
    /// Told of every disclosed content that matches its commitment, before the record's verdict: it counts only when the
    /// report's integrity passed. Null: contents are checked piece by piece and never held whole.
    /// </summary>
    public Action<BundleContent>? Content { get; init; }

    /// <summary>The largest content that is handed to <see cref="Content"/>, in bytes; a larger one is only checked.</summary>
    public int MaxContentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Recomputes the policy decisions whose inputs are disclosed; null: none is recomputed, and the report says so.</summary>
    public IDecisionEngine? Decisions { get; init; }

    /// <summary>Told of every policy bundle that the bundle brings and that has the digest which its line names: digest and sealed bytes.</summary>
    public Action<Digest, ReadOnlyMemory<byte>>? Policy { get; init; }

    /// <summary>Told the number of records read, now and then.</summary>
    public Action<long>? Progress { get; init; }

    /// <summary>What is known of certificates' paths, for verifications that share it.</summary>
    internal PathAnswers Paths { get; init; } = new();
}

/// <summary>A record of a bundle with the statement that it is under.</summary>
/// <param name="Bytes">The record, a copy.</param>
/// <param name="Issuer">Who signed the statement.</param>
/// <param name="Stream">The emitter's stream.</param>
/// <param name="Statement">The statement's index in the ledger.</param>
public sealed record BundleRecord(ReadOnlyMemory<byte> Bytes, SpiffeId Issuer, StreamId Stream, long Statement)
{
    /// <summary>Its position in the statement, from 0.</summary>
    public int Position { get; init; }

    /// <summary>The newest tree head that its emitter knew when it signed: the record is younger. Null: none.</summary>
    public TreeHead? KnownHead { get; init; }

    /// <summary>Between which times it was made, by the word of each kind of party that gives a bound (docs/spec/timestamps.md §5).</summary>
    public IReadOnlyList<TimeBracket> Brackets { get; init; } = [];
}

/// <summary>A content that a bundle discloses.</summary>
/// <param name="Record">The record that commits to it.</param>
/// <param name="Member">The member that does.</param>
/// <param name="Key">The commitment's key, 32 bytes.</param>
/// <param name="Bytes">The content.</param>
public sealed record BundleContent(RecordId Record, string Member, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Bytes);
