using Cairn.Evidence;

namespace Cairn.Broker.Store;

/// <summary>How a credential ended, and the record that has to say so.</summary>
/// <param name="Entry">The credential, in its end state.</param>
/// <param name="Record">The record's id, fixed beforehand: a record that was already written is known by it.</param>
/// <param name="Ended">When.</param>
/// <param name="Reason">Why it was revoked; empty for one that expired.</param>
/// <param name="By">Who revoked it; null: nobody by name.</param>
/// <param name="CascadeOf">The ancestor whose revocation took it along.</param>
internal sealed record Ending(CredentialEntry Entry, RecordId Record, DateTimeOffset Ended, string Reason, string? By, string? CascadeOf);
