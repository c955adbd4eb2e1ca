using Cairn.Evidence;
using Cairn.Evidence.Submissions;

namespace Cairn.Gateway.Tasks;

/// <summary>On whose behalf a way in records, and in which trail.</summary>
public record TaskOptions
{
    /// <summary>The agent that acts: the actor of every record.</summary>
    public required SpiffeId Agent { get; init; }

    /// <summary>Who answers for the agent.</summary>
    public required string Owner { get; init; }

    /// <summary>The initiating principal; the operating system's user where nothing else is said.</summary>
    public TaskInitiator Initiator { get; init; } = TaskInitiator.OperatingSystemUser();

    /// <summary>
    /// The caller's position in its trace (the environment variable TRACEPARENT): the work takes part in that trail. Null:
    /// it is a task of its own.
    /// </summary>
    public TraceParent? Caller { get; init; }

    /// <summary>Where the policy bundles that the run decides under are noted; null: nothing decides.</summary>
    public BundleNotes? Bundles { get; init; }

    /// <summary>The token that shows on whose behalf the agent acts. A secret: it goes to the broker and nowhere else. Null: none.</summary>
    public string? SubjectToken { get; init; }

    /// <summary>The ledger to ask how many records others wrote into a trail that this task is the root of; null: only its own are counted.</summary>
    public ILedgerClient? Ledger { get; init; }

    /// <summary>How long the end waits for the ledger; what is not delivered by then stays spooled.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
