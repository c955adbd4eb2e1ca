using Cairn.Evidence.Submissions;
using Cairn.Gateway.Approvals;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Configuration;
using Cairn.Identity.Bundles;
using Cairn.Identity.Credentials;
using Cairn.Policy;

namespace Cairn.HttpGateway;

/// <summary>What a gateway stands on besides its configuration.</summary>
public sealed record HttpGatewayOptions
{
    /// <summary>Where it listens, whom it knows, what lies behind which path.</summary>
    public required GatewayConfiguration Configuration { get; init; }

    /// <summary>
    /// Opens what decides for a route, and tells of each bundle that it takes into use before it decides anything under it;
    /// owned by the gateway from then on where it can be disposed. Null: a configuration with policies is refused.
    /// </summary>
    public Func<RoutePolicy, Func<BundleChange, CancellationToken, ValueTask>, CancellationToken, ValueTask<IPolicyDecisionPoint>>? OpenPolicy { get; init; }

    /// <summary>Where credentials come from; null: an action whose policy asks for one is refused.</summary>
    public ICredentialSource? Credentials { get; init; }

    /// <summary>Where calls wait for a human; null: an action that needs approval is refused.</summary>
    public ApprovalDesk? Approvals { get; init; }

    /// <summary>Checks the broker's access tokens; null: a configuration with agents that show such is refused.</summary>
    public IAccessTokenVerifier? AccessTokens { get; init; }

    /// <summary>The trust bundles in use, asked for at each check; null: the files that the configuration names, read once.</summary>
    public Func<TrustBundleSet>? TrustBundles { get; init; }

    /// <summary>The ledger to ask how many records others wrote into a session's trail; null: only the gateway's own are counted.</summary>
    public ILedgerClient? Ledger { get; init; }

    /// <summary>Messages for people; never content. Written by many at a time: it is synchronised.</summary>
    public TextWriter Log { get; init; } = Console.Error;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
