using Cairn.Evidence;

namespace Cairn.Trails.Index;

/// <summary>A trail as a list shows it.</summary>
/// <param name="Trace">The trail.</param>
/// <param name="Started">Its first record's time.</param>
/// <param name="Last">Its latest record's time.</param>
/// <param name="Principal">Who asked for the root task; empty when its start was not recorded.</param>
/// <param name="Owner">Who is accountable.</param>
/// <param name="Agents">The workloads that acted, in order of appearance.</param>
/// <param name="Records">How many records.</param>
/// <param name="Actions">How many actions were requested.</param>
/// <param name="Status">How the root ended; running while it has not.</param>
public sealed record TrailSummary(
    TraceId Trace, DateTimeOffset Started, DateTimeOffset Last, string Principal, string Owner, IReadOnlyList<string> Agents, long Records, long Actions, string Status);
