using Cairn.Evidence;
using Cairn.Identity;

namespace Cairn.Sdk;

/// <summary>How an emitter signs, keeps and delivers evidence.</summary>
public sealed record EmitterOptions
{
    /// <summary>The emitter's SPIFFE ID: the issuer of its statements.</summary>
    public required SpiffeId Issuer { get; init; }

    /// <summary>Where its SVIDs come from; asked again when two thirds of a lifetime are over.</summary>
    public required ISvidSource Signer { get; init; }

    /// <summary>
    /// The folder for evidence that the ledger has not acknowledged. One folder belongs to one ledger; all emitters on
    /// the machine that write to that ledger share it. Created with mode 0700.
    /// </summary>
    public required string SpoolPath { get; init; }

    /// <summary>
    /// True (buffered): every statement is on the local disk, fsynced, before it is delivered. False (strict): the
    /// ledger itself is the durable place, and the spool is used when it can't take a statement.
    /// </summary>
    public bool SpoolFirst { get; init; }

    /// <summary>How long <see cref="Emitter.EmitDurableAsync(RecordDraft, CancellationToken)"/> waits for the ledger before it refuses.</summary>
    public TimeSpan DurableTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long <see cref="Emitter.Emit(RecordDraft)"/> waits for room in a full queue before it throws.</summary>
    public TimeSpan BlockTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one attempt to reach the ledger may take.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long buffered records wait for company before they are signed together.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest pause between attempts to reach a ledger that is gone; pauses start at 50 ms and double.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long disposal waits for the ledger before it leaves the rest to the spool.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most records in one statement.</summary>
    public int MaxBatchRecords { get; init; } = 1024;

    /// <summary>The most bytes of records and contents in one submission, except that one record is never split.</summary>
    public int MaxBatchBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The most records that wait for their signature; callers wait beyond that.</summary>
    public int QueueRecords { get; init; } = 8192;

    /// <summary>The most bytes of records and contents that wait for their signature, and again that wait in memory for the ledger.</summary>
    public int QueueBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>The most bytes that this emitter's spool may take on disk.</summary>
    public long SpoolQuotaBytes { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Who is named as the actor of the records that the emitter makes about itself (gaps). By default its issuer.</summary>
    public Evidence.Records.Actor? Self { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the emitter says what a person should know: outages, refusals, what waits in the spool. By default stderr.</summary>
    public Action<string> Log { get; init; } = static message => Console.Error.WriteLine($"cairn: {message}");
}
