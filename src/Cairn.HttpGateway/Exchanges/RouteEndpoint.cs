using Cairn.Gateway.Authority;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Sessions;
using Cairn.HttpGateway.Upstreams;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>A route with all that its exchanges need.</summary>
internal sealed record RouteEndpoint
{
    public required Route Route { get; init; }

    public required UpstreamServer Server { get; init; }

    /// <summary>Decides, obtains credentials and records, for this route.</summary>
    public required ActionPipeline Pipeline { get; init; }

    public required SessionTable Sessions { get; init; }

    public required GatewayConfiguration Configuration { get; init; }

    /// <summary>Room for what callers send.</summary>
    public required BodyBudget FromCallers { get; init; }

    /// <summary>Room for what servers answer: apart, so that answers never wait for requests.</summary>
    public required BodyBudget FromServers { get; init; }

    /// <summary>Cancelled when the gateway's grace is over.</summary>
    public required CancellationToken Stopped { get; init; }

    /// <summary>Cancelled when the gateway is told to end: streams that wait for nothing end.</summary>
    public required CancellationToken Stopping { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Messages for people; never content.</summary>
    public required TextWriter Log { get; init; }
}
