using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>A decision whose record is not what its input, bundle and engine give.</summary>
/// <param name="Record">The policy.decided record.</param>
/// <param name="Expected">What they give, in words.</param>
/// <param name="Found">What the record says.</param>
public sealed record RecomputedDecision(RecordId Record, string Expected, string Found);
