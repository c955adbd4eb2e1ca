namespace Cairn.Ledger;

/// <summary>How an embedded ledger works.</summary>
public sealed record EmbeddedLedgerOptions
{
    /// <summary>The clock for checkpoints' times.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long acknowledged statements may wait for a checkpoint when nobody asks for one sooner.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether this process makes checkpoints when no other does. Readers that must not write turn it off.</summary>
    public bool Sequence { get; init; } = true;

    /// <summary>How often witnesses are asked at most, and how long one that failed is left alone at first.</summary>
    public TimeSpan WitnessEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether witnesses that failed are asked at once and not when their time has come: somebody has just mended them.</summary>
    public bool WitnessAfresh { get; init; }

    /// <summary>How long one witness may take to answer.</summary>
    public TimeSpan WitnessTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a reader waits for the quorum before it takes a checkpoint that lacks it, and says so.</summary>
    public TimeSpan WitnessPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where warnings go, one line each.</summary>
    public Action<string> Log { get; init; } = Console.Error.WriteLine;

    /// <summary>What happens after a failed fsync; the default ends the process at once.</summary>
    internal Action<string, Exception> Fatal { get; init; } = EndProcess;

    /// <summary>Called between the effects of the sequencer, with the name of the one just made durable.</summary>
    internal Action<string> Step { get; init; } = static _ => { };

    /// <summary>Ends the process without running anything more: nothing may be acknowledged after an fsync that failed.</summary>
    internal static void EndProcess(string message, Exception problem) => Environment.FailFast($"cairn: {message}", problem);
}
