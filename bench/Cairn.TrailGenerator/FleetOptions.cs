namespace Cairn.TrailGenerator;

/// <summary>What is generated.</summary>
public sealed record FleetOptions
{
    /// <summary>The same seed and options give the same bytes.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The trust domain of agents and emitters.</summary>
    public string TrustDomain { get; init; } = "cairn.local";

    /// <summary>When the first trail begins.</summary>
    public DateTimeOffset Begins { get; init; } = new(2026, 11, 25, 9, 0, 0, TimeSpan.Zero);

    /// <summary>How many hosts run agents, each with a gateway of its own.</summary>
    public int Hosts { get; init; } = 6;

    /// <summary>How many kinds of agent there are.</summary>
    public int Agents { get; init; } = 12;

    /// <summary>How many trails go on at the same time.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>About how many records a trail has; the least is about 10.</summary>
    public int RecordsPerTrail { get; init; } = 1000;

    /// <summary>The share of all acts (0 to 1) in which something is wrong that a rule finds.</summary>
    public double Faults { get; init; } = 0.01;

    /// <summary>How many records an emitter signs at once.</summary>
    public int RecordsPerStatement { get; init; } = 100;

    /// <summary>The share of all statements (0 to 1) whose emitter holds them back for a while, with those that follow.</summary>
    public double Late { get; init; } = 0.02;

    /// <summary>The time between two records of the fleet.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromMilliseconds(5);
}
