using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>A witness that the policy knows, under the policy's own name for it.</summary>
public sealed record PolicyWitness(string Name, VerifierKey Key, string? Url);

/// <summary>A group of witnesses and groups: satisfied when at least <paramref name="Threshold"/> members are.</summary>
public sealed record PolicyGroup(string Name, int Threshold, IReadOnlyList<string> Members);

/// <summary>A log key that the policy trusts.</summary>
public sealed record PolicyLog(VerifierKey Key, string? Url);

/// <summary>A log key that was retired: it speaks for trees of at most <paramref name="Size"/> statements (docs/spec/trust-policy.md §2).</summary>
public sealed record RetiredKey(VerifierKey Key, long Size);
