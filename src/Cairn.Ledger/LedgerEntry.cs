using Cairn.Evidence.Statements;

namespace Cairn.Ledger;

/// <summary>One statement of the ledger with its records, as stored.</summary>
/// <param name="Index">Its index in the ledger, from 0.</param>
/// <param name="Statement">The statement.</param>
/// <param name="Records">The records' bytes in the statement's order.</param>
public sealed record LedgerEntry(long Index, SignedStatement Statement, IReadOnlyList<ReadOnlyMemory<byte>> Records);
