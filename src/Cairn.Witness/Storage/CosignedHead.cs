using Cairn.Evidence.Merkle;

namespace Cairn.Witness.Storage;

/// <summary>The latest checkpoint that the witness cosigned of a log, and when.</summary>
internal readonly record struct CosignedHead(TreeHead Head, DateTimeOffset Time);

/// <summary>A signed checkpoint that was refused: possible proof that the log misbehaves.</summary>
/// <param name="Head">Its size and root.</param>
/// <param name="Time">When it came first.</param>
/// <param name="Reason">Why it was refused.</param>
/// <param name="Request">The whole request.</param>
internal sealed record RefusedHead(TreeHead Head, DateTimeOffset Time, string Reason, byte[] Request);
