namespace Cairn.Ledger.Timestamps;

/// <summary>A timestamp authority of a data directory: whom to ask, and whom a verifier should believe.</summary>
/// <param name="Name">Its name in the trust policy: 1 to 64 letters, digits, dots, hyphens and underscores.</param>
/// <param name="Url">Where it answers RFC 3161 over HTTP (§3.4); null where it is not asked any more and its old tokens still count.</param>
/// <param name="Roots">DER of its root certificates.</param>
public sealed record TimestampService(string Name, Uri? Url, IReadOnlyList<byte[]> Roots);

/// <summary>Timestamp authorities or their tokens can't be read, written or had. The message says whose and why.</summary>
public sealed class TimestampException(string message, Exception? innerException = null) : Exception(message, innerException);
