namespace Cairn.Ledger;

/// <summary>What a new ledger is called.</summary>
/// <param name="TrustDomain">The SPIFFE trust domain of its emitters.</param>
/// <param name="Origin">The log's origin, which is also its keys' name; null for one made from the trust domain and eight random digits.</param>
public sealed record LedgerSettings(string TrustDomain = "cairn.local", string? Origin = null);
