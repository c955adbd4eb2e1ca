using Cairn.Evidence;

namespace Cairn.Trails.Replay;

/// <summary>
/// A trail as it was known right after one of its records: what had just happened, what that rests on, and what was open or
/// live then. A pure function of the set of records, so that it is the same to the byte for everybody who has them.
/// </summary>
public sealed class ReplayState
{
    private ReplayState(Trail whole, Trail known, int step)
    {
        (Known, Step, Steps, Happened) = (known, step, whole.Records.Count, known.Records[^1]);
        Tasks = [.. known.Tasks.Where(task => task.Ended is null)];
        Actions = [.. known.Actions.Where(action => action.Status is null or "accepted")];
        Delegations = [.. known.Delegations.Where(delegation => delegation.Ended is null && !(delegation.Expires <= Time))];
        Credentials = [.. known.Authority.Credentials.Where(credential => credential is { Issued: not null, Ending: null } && !(credential.Expires <= Time))];
        Waiting = [.. known.Authority.Approvals.Where(approval => approval is { HasQuestion: true, Recorded: null } && !(approval.Expires <= Time))];
        RestsOn = Basis.Of(known, Happened);
    }

    /// <summary>How many records are known, from 1.</summary>
    public int Step { get; }

    /// <summary>How many records the trail has.</summary>
    public int Steps { get; }

    /// <summary>The trail of the records known: what everything here is taken from.</summary>
    public Trail Known { get; }

    /// <summary>The instant: when the newest record known was made.</summary>
    public DateTimeOffset Time => Happened.Record.Time;

    /// <summary>The record of this step.</summary>
    public TrailRecord Happened { get; }

    /// <summary>What the record of this step names as its cause or ground, in a fixed order.</summary>
    public IReadOnlyList<BasisRecord> RestsOn { get; }

    /// <summary>Tasks that have begun and not ended.</summary>
    public IReadOnlyList<TrailTask> Tasks { get; }

    /// <summary>Acts that were asked for and have no outcome, or not their last.</summary>
    public IReadOnlyList<TrailAction> Actions { get; }

    /// <summary>Delegations that gave authority at the instant: neither ended nor expired.</summary>
    public IReadOnlyList<Delegation> Delegations { get; }

    /// <summary>Credentials whose issue is known and that were neither ended nor expired at the instant.</summary>
    public IReadOnlyList<TrailCredential> Credentials { get; }

    /// <summary>Approvals that were asked for, not answered and not expired.</summary>
    public IReadOnlyList<TrailApproval> Waiting { get; }

    /// <summary>The state after a step of a trail.</summary>
    /// <param name="trail">The trail.</param>
    /// <param name="step">From 1 to the number of its records.</param>
    /// <exception cref="ArgumentOutOfRangeException">It has no such step.</exception>
    public static ReplayState Of(Trail trail, int step)
    {
        ArgumentNullException.ThrowIfNull(trail);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        return new ReplayState(trail, trail.AtStep(step)!, step);
    }

    /// <summary>The states after every step, in order.</summary>
    public static IEnumerable<ReplayState> All(Trail trail)
    {
        ArgumentNullException.ThrowIfNull(trail);
        return Enumerable.Range(1, trail.Records.Count).Select(step => Of(trail, step));
    }
}
