using Cairn.Evidence;

namespace Cairn.Sdk;

/// <summary>
/// Evidence could not be made durable where it was asked for, so the act that it is about must not happen. The message
/// says why and what became of the record.
/// </summary>
public sealed class EvidenceUnavailableException : Exception
{
    /// <summary>A refusal.</summary>
    /// <param name="message">Why, and what became of the record.</param>
    /// <param name="record">The record, when it got as far as having an id.</param>
    /// <param name="isKept">True when the record is in the spool and will be delivered later.</param>
    /// <param name="innerException">What went wrong underneath.</param>
    public EvidenceUnavailableException(string message, RecordId? record, bool isKept, Exception? innerException = null)
        : base(message, innerException) => (Record, IsKept) = (record, isKept);

    /// <summary>The record, when it got as far as having an id.</summary>
    public RecordId? Record { get; }

    /// <summary>True when the record is in the spool, fsynced, and will be delivered when the ledger is back.</summary>
    public bool IsKept { get; }
}
