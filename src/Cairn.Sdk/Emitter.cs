using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Submissions;
using Cairn.Identity.Files;
using Cairn.Sdk.Emitting;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk;

/// <summary>
/// Makes records, signs them in statements, and sees to it that each reaches the ledger, in order and once, through
/// crashes and outages. One emitter is one stream. Safe for any number of threads.
/// </summary>
/// <remarks>
/// Order of effects: format and check → sign → (buffered: spool, fsync) → ledger acknowledges → forget. When the ledger
/// can't take a statement: spool, fsync → refuse those who wait → try again with the same bytes.
/// </remarks>
public sealed class Emitter : IAsyncDisposable
{
    /// <summary>The most bytes that one content may have, encrypted.</summary>
    public const int MaxContentBytes = 32 * 1024 * 1024;

    private readonly EmitterOptions _options;
    private readonly EmissionPipeline _pipeline;

    private Emitter(EmitterOptions options, EmissionPipeline pipeline) => (_options, _pipeline) = (options, pipeline);

    /// <summary>The present stream. It changes only when the ledger refused a statement for good: a new one is begun then.</summary>
    public StreamId Stream => _pipeline.Stream;

    /// <summary>Who signs.</summary>
    public SpiffeId Issuer => _options.Issuer;

    /// <summary>Starts an emitter, and the delivery of what dead ones left in the spool.</summary>
    /// <exception cref="EvidenceUnavailableException">The spool folder can't be used.</exception>
    public static async Task<Emitter> StartAsync(EmitterOptions options, ILedgerClient ledger, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ledger);
        try
        {
            DurableFile.CreateDirectory(options.SpoolPath);
            var pipeline = new EmissionPipeline(options, ledger);
            try
            {
                await pipeline.StartAsync(cancellationToken);
            }
            catch
            {
                await pipeline.DisposeAsync();
                throw;
            }

            return new Emitter(options, pipeline);
        }
        catch (Exception e) when (e is SpoolException or IOException or UnauthorizedAccessException)
        {
            throw new EvidenceUnavailableException($"an emitter can't start: {e.Message}", null, isKept: false, e);
        }
    }

    /// <summary>Emits a record and waits until the ledger has acknowledged it: only then may the act that it announces happen.</summary>
    /// <exception cref="EvidenceUnavailableException">
    /// The ledger did not acknowledge it in time. The record stays queued and, if the message says so, spooled; it is
    /// delivered later, in its place.
    /// </exception>
    /// <exception cref="EvidenceFormatException">The draft does not make a valid record; nothing was queued.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up waiting; the record stays queued all the same.</exception>
    public ValueTask<RecordId> EmitDurableAsync(RecordDraft draft, CancellationToken cancellationToken = default) =>
        _pipeline.AddDurableAsync(Checked(draft), draft.Contents, cancellationToken);

    /// <summary>
    /// Emits a record without waiting for anything but room in the queue. It is signed within the linger time, then
    /// spooled (buffered emitters) and delivered in the background.
    /// </summary>
    /// <exception cref="EvidenceUnavailableException">The queue stayed full for all of the block timeout; the record was not queued.</exception>
    /// <exception cref="EvidenceFormatException">The draft does not make a valid record; nothing was queued.</exception>
    public RecordId Emit(RecordDraft draft) => _pipeline.Add(Checked(draft), draft.Contents);

    /// <inheritdoc cref="Emit(RecordDraft)"/>
    /// <remarks>Allocates nothing in steady state when the draft's state is a value type and its body writer is static.</remarks>
    public RecordId Emit<TState>(in RecordDraft<TState> draft) => _pipeline.Add(in draft, []);

    /// <summary>How many records of a trail this emitter's present stream has, those under way included: what <c>task.ended</c> counts.</summary>
    public long RecordsIn(TraceId trace) => _pipeline.RecordsIn(trace);

    /// <summary>Ends when the ledger has acknowledged everything emitted so far.</summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) => _pipeline.FlushAsync(cancellationToken);

    /// <summary>
    /// Delivers what is left, up to the shutdown timeout; what the ledger has not acknowledged by then is in the spool,
    /// and the log says so.
    /// </summary>
    public ValueTask DisposeAsync() => _pipeline.DisposeAsync();

    private static RecordDraft<RecordDraft> Checked(RecordDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        foreach (var content in draft.Contents)
        {
            if (draft.Id != content.Record || draft.Trace != content.Trace)
            {
                throw new ArgumentException($"content {content.Member} is of record {content.Record} in trail {content.Trace}; expected the draft's own preassigned id {draft.Id} and trail {draft.Trace}", nameof(draft));
            }

            if (content.Ciphertext.Length > MaxContentBytes)
            {
                throw new ArgumentException($"content {content.Member} has {content.Ciphertext.Length:N0} bytes; at most {MaxContentBytes:N0} can be kept", nameof(draft));
            }
        }

        return RecordDraft.ToValue(draft);
    }
}
