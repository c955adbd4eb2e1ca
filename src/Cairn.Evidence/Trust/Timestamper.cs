namespace Cairn.Evidence.Trust;

/// <summary>A timestamp authority that a policy believes (docs/spec/timestamps.md §1).</summary>
/// <param name="Name">What the policy calls it.</param>
/// <param name="Roots">DER of its root certificates.</param>
public sealed record Timestamper(string Name, IReadOnlyList<ReadOnlyMemory<byte>> Roots);
