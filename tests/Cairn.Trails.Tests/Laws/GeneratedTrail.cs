using Cairn.TrailGenerator;
using CsCheck;

namespace Cairn.Trails.Tests.Laws;

/// <summary>Small trails as agents on several hosts make them, faults and late arrivals more often than in life.</summary>
internal static class GeneratedTrail
{
    /// <summary>What to generate.</summary>
    public static Gen<FleetOptions> Options { get; } = Gen.Select(
        Gen.Int[0, int.MaxValue], Gen.Int[10, 250], Gen.Int[1, 30],
        (seed, records, each) => new FleetOptions { Seed = (ulong)seed, RecordsPerTrail = records, RecordsPerStatement = each, Hosts = 3, Agents = 5, Faults = 0.2, Late = 0.3 });

    /// <summary>The records of one trail, in the order of their arrival.</summary>
    public static TrailRecord[] Arrive(FleetOptions options)
    {
        var fleet = new Fleet(options);
        return [.. Arrivals.Of(fleet.Trail(), fleet).SelectMany((statement, index) =>
            statement.Records.Select(bytes => new TrailRecord(Record.Parse(bytes), statement.Emitter.Id, statement.Emitter.Stream, index)))];
    }
}
