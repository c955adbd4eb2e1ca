using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>How much a finding matters.</summary>
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Low,

    /// <summary>Something is not as it should be, and may have a harmless cause.</summary>
    Medium,

    /// <summary>Authority or evidence is not what it should be.</summary>
    High,

    /// <summary>Something was done that had been forbidden.</summary>
    Critical,
}

/// <summary>The result of one check that did not hold.</summary>
/// <param name="Rule">The rule's id, such as <c>lineage.orphan</c>: it never changes its meaning (docs/findings.md).</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Trace">The trail.</param>
/// <param name="Subject">What it is about, in words.</param>
/// <param name="Expected">What should have been found.</param>
/// <param name="Found">What was found.</param>
/// <param name="Records">The records that it rests on; the first is the one it is about.</param>
public sealed record Finding(string Rule, Severity Severity, TraceId Trace, string Subject, string Expected, string Found, IReadOnlyList<RecordId> Records)
{
    /// <summary>What tells it from other findings of its rule in its trail, whatever else becomes known.</summary>
    public required string Key { get; init; }

    /// <summary>The finding as a sentence.</summary>
    public string Message => $"{Subject}: expected {Expected}; found {Found}";
}
