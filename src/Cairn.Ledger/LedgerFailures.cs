namespace Cairn.Ledger;

/// <summary>A data directory that can't be opened as it is: missing, of another version, or with parts missing or readable by others.</summary>
public sealed class LedgerDirectoryException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The ledger's parts contradict each other. Nothing is signed or published until a person has looked.</summary>
public sealed class LedgerInconsistentException(string message) : Exception(message);
