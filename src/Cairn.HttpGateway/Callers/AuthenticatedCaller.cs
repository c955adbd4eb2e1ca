using Cairn.Gateway.Authority;
using Cairn.HttpGateway.Configuration;

namespace Cairn.HttpGateway.Callers;

/// <summary>Who sent a request, as its authentication shows. Nothing in the message has a say in it.</summary>
/// <param name="Agent">The agent of the configuration.</param>
/// <param name="Caller">The same for the pipeline, with what this request's credential adds.</param>
/// <param name="Expires">When its credential ends; null: it does not.</param>
internal sealed record AuthenticatedCaller(Agent Agent, Caller Caller, DateTimeOffset? Expires);

/// <summary>A request is not let in.</summary>
/// <param name="status">401: show a credential; 403: the one shown is no permission for this route; 503: it can't be checked now.</param>
/// <param name="code">A stable code: <c>unauthenticated</c>, <c>credential_rejected</c>, <c>not_permitted</c> or <c>broker_unavailable</c>.</param>
/// <param name="message">Why, without any secret.</param>
internal sealed class CallerRejectedException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    /// <summary>What the broker's token lacks, as an OAuth 2.0 error code; null: another credential was shown.</summary>
    public string? TokenError { get; init; }
}
