using Cairn.Evidence.Trust;

namespace Cairn.Trails.Findings;

/// <summary>What rules take for granted.</summary>
public sealed record CheckOptions
{
    /// <summary>How far clocks of different emitters may differ. Within one stream the order is known without a clock.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often authority may be handed on; that of the credential broker unless set otherwise.</summary>
    public int MaxDelegationDepth { get; init; } = 8;

    /// <summary>A credential that is valid for longer is long-lived.</summary>
    public TimeSpan LongLived { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Hosts that may be reached, exact or <c>*.example.org</c>; null: no list was given.</summary>
    public IReadOnlyList<string>? EgressHosts { get; init; }

    /// <summary>Whom the investigator trusts; null: not told, and emitters are not judged.</summary>
    public TrustPolicy? Trust { get; init; }
}
