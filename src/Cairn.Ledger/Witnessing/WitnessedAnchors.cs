using Cairn.Evidence.Checkpoints;
using Cairn.Ledger.Timestamps;

namespace Cairn.Ledger.Witnessing;

/// <summary>
/// Keeps final checkpoints as anchors, for the witnesses' times in them: the published one is soon replaced, and a bundle made
/// later would have no witness's word on when the tree of today existed (docs/spec/timestamps.md §4). One in ten minutes, by
/// the witnesses' own clocks, keeps their number within bounds.
/// </summary>
internal sealed class WitnessedAnchors(LedgerDirectory directory, WitnessPolicy policy)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private readonly AnchorStore _store = new(directory);
    private DateTimeOffset? _latest;
    private bool _isRead;

    /// <summary>Takes a checkpoint that has its quorum; keeps it where the last one kept is old enough.</summary>
    /// <param name="final">The checkpoint.</param>
    /// <param name="standing">Who cosigned it.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Offer(SignedNote final, CheckpointStanding standing)
    {
        if (TimeOf(standing) is not { } time)
        {
            return;
        }

        if (!_isRead)
        {
            _latest = NewestKept();
            _isRead = true;
        }

        if (_latest is not { } latest || time - latest >= Every)
        {
            _store.Add(final);
            _latest = time;
        }
    }

    /// <summary>When all of the cosigners had cosigned.</summary>
    private static DateTimeOffset? TimeOf(CheckpointStanding standing) => standing.Cosigned.Max(one => one.Time);

    private DateTimeOffset? NewestKept() => _store.Sizes().Reverse().Select(_store.Find).OfType<KeptAnchor>()
        .Select(kept => TimeOf(policy.Standing(SignedNote.Parse(kept.Note)))).FirstOrDefault(time => time is not null);
}
