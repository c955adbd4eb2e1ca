using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Ledger.Timestamps;

namespace Cairn.Ledger.Witnessing;

/// <summary>
/// Keeps published checkpoints as anchors, for the times in them (docs/spec/timestamps.md §4): a ledger publishes none but its newest, and a
/// bundle made later would have nobody's word on when the tree of today existed. Two rules: of final checkpoints one in ten minutes, by the
/// witnesses' own clocks, for their word; and the last one of each hour in which there was one, whoever signed it. So their number keeps
/// within bounds, and each size is kept once.
/// </summary>
internal sealed class KeptCheckpoints(LedgerDirectory directory, WitnessPolicy? policy)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    private readonly AnchorStore _store = new(directory);
    private DateTimeOffset? _latest;
    private bool _isRead;

    /// <summary>
    /// Called before another checkpoint takes the place of the published one; keeps that if it is the last of its hour. A key revoked later
    /// is judged by it: only a checkpoint from before shows that a statement is from before.
    /// </summary>
    /// <param name="path">The published checkpoint's path.</param>
    /// <param name="now">The time, by the clock that dates files.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void BeforeReplacing(string path, DateTimeOffset now)
    {
        // The file's own time is enough to choose by: what the anchor says of time stands in its signatures.
        if (!File.Exists(path) || HourOf(File.GetLastWriteTimeUtc(path)) >= HourOf(now.UtcDateTime))
        {
            return;
        }

        try
        {
            var note = SignedNote.Parse(File.ReadAllBytes(path));
            if (Checkpoint.Of(note).Size > 0)
            {
                Keep(note, policy is null ? null : TimeOf(policy.Standing(note)));
            }
        }
        catch (EvidenceFormatException problem)
        {
            throw new EvidenceFormatException($"{path}: {problem.Message}", problem);
        }
    }

    /// <summary>Takes a checkpoint that has its quorum of witnesses; keeps it where the last one kept for their times is old enough.</summary>
    /// <param name="final">The checkpoint.</param>
    /// <param name="standing">Who cosigned it.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Offer(SignedNote final, CheckpointStanding standing)
    {
        if (TimeOf(standing) is { } time && (Latest() is not { } latest || time - latest >= Every))
        {
            Keep(final, time);
        }
    }

    private void Keep(SignedNote checkpoint, DateTimeOffset? cosigned)
    {
        var latest = Latest();
        _store.Add(checkpoint);
        _latest = cosigned > latest || latest is null ? cosigned : latest;
    }

    /// <summary>When the newest anchor that witnesses cosigned had been; by whatever process it was kept.</summary>
    private DateTimeOffset? Latest()
    {
        if (!_isRead)
        {
            _latest = policy is null ? null : _store.Sizes().Reverse().Select(_store.Find).OfType<KeptAnchor>()
                .Select(kept => TimeOf(policy.Standing(SignedNote.Parse(kept.Note)))).FirstOrDefault(time => time is not null);
            _isRead = true;
        }

        return _latest;
    }

    /// <summary>When all of the cosigners had cosigned.</summary>
    private static DateTimeOffset? TimeOf(CheckpointStanding standing) => standing.Cosigned.Max(one => one.Time);

    private static long HourOf(DateTime time) => time.Ticks / Period.Ticks;
}
