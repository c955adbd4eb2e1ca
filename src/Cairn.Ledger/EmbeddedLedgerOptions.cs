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

    /// <summary>Where warnings go, one line each.</summary>
    public Action<string> Log { get; init; } = Console.Error.WriteLine;

    /// <summary>What happens after a failed fsync; the default ends the process at once.</summary>
    internal Action<string, Exception> Fatal { get; init; } = EndProcess;

    /// <summary>Called between the effects of the sequencer, with the name of the one just made durable.</summary>
    internal Action<string> Step { get; init; } = static _ => { };

    /// <summary>Ends the process without running anything more: nothing may be acknowledged after an fsync that failed.</summary>
    internal static void EndProcess(string message, Exception problem) => Environment.FailFast($"cairn: {message}", problem);
}
