using Cairn.Evidence.Merkle;

namespace Cairn.Evidence.Submissions;

/// <summary>A ledger as emitters see it: the embedded one in this process, or a server.</summary>
public interface ILedgerClient
{
    /// <summary>
    /// Hands over statements, each stream's in order. When it returns, all are durable, and each has its index for
    /// good. The same statement handed over again gets the same index.
    /// </summary>
    /// <returns>One acknowledgement for each submission, in order.</returns>
    /// <exception cref="LedgerUnavailableException">Nothing is promised: try again later with the same bytes.</exception>
    /// <exception cref="SubmissionRejectedException">A submission will never be accepted as it is.</exception>
    ValueTask<IReadOnlyList<Acknowledgement>> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken ct);

    /// <summary>The newest published checkpoint's size and root; null while there is none.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger could not be reached.</exception>
    ValueTask<TreeHead?> NewestHeadAsync(CancellationToken ct);

    /// <summary>How many records of a trail the ledger holds of each stream.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger could not be reached.</exception>
    ValueTask<IReadOnlyList<EmitterCount>> CountsAsync(TraceId trace, CancellationToken ct);
}

/// <summary>The ledger's promise that a statement is durable and where it will stand. Not a receipt: that needs a published checkpoint.</summary>
/// <param name="Stream">The statement's stream.</param>
/// <param name="Seq">The statement's ordinal in it.</param>
/// <param name="Index">The statement's index in the ledger, from 0.</param>
public readonly record struct Acknowledgement(StreamId Stream, long Seq, long Index);

/// <summary>How many records of one trail one stream holds.</summary>
/// <param name="Emitter">The stream's issuer.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Records">How many.</param>
public sealed record EmitterCount(SpiffeId Emitter, StreamId Stream, long Records);

/// <summary>The ledger could not be reached or could not store: try again later with the same bytes.</summary>
public sealed class LedgerUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The ledger will never accept the submission as it is: bad signature, broken stream order, unknown emitter.</summary>
public sealed class SubmissionRejectedException(string code, string message) : Exception(message)
{
    /// <summary>A stable code for the reason, such as <c>signature</c>, <c>stream-order</c> or <c>unknown-emitter</c>.</summary>
    public string Code { get; } = code;
}
