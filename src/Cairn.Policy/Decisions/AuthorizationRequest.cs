using Cairn.Evidence;

namespace Cairn.Policy;

/// <summary>What somebody wants to do, as a policy sees it. One request, one decision; docs/policy.md has the document made of it.</summary>
public sealed record AuthorizationRequest
{
    /// <summary>The workload that acts.</summary>
    public required SpiffeId Principal { get; init; }

    /// <summary>Who handed authority on, from the initiating principal to the last giver; empty when the principal acts for itself.</summary>
    public IReadOnlyList<string> DelegationChain { get; init; } = [];

    /// <summary>Who answers for the principal; empty when nobody was named.</summary>
    public string Owner { get; init; } = "";

    /// <summary>How the principal was authenticated, such as <c>x509-svid</c>, <c>oauth2</c>, <c>peercred</c>, <c>configured</c>.</summary>
    public string Authenticated { get; init; } = "configured";

    /// <summary>The kind of act, as in <c>action.requested</c>: <c>tool.call</c>, <c>http.request</c>, <c>process.exec</c> …</summary>
    public required string ActionType { get; init; }

    /// <summary>What is done: a tool's name, an HTTP method, a program's name.</summary>
    public required string ActionName { get; init; }

    /// <summary>What is acted upon, a URI without user information and query values.</summary>
    public required string Resource { get; init; }

    /// <summary>The server, host or machine that the resource belongs to.</summary>
    public string Server { get; init; } = "";

    /// <summary>Whether the act may change something; null when nobody knows.</summary>
    public bool? Writes { get; init; }

    /// <summary>The scopes of the credential that the caller showed; empty without one.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>The trail.</summary>
    public required TraceId Trace { get; init; }

    /// <summary>How many delegations lie between the initiating principal and this act.</summary>
    public int Depth { get; init; }

    /// <summary>When it is asked, by the gateway's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The arguments, UTF-8 JSON; empty when there are none. Only what the bundle asks for reaches the input document.</summary>
    public ReadOnlyMemory<byte> Arguments { get; init; }

    /// <summary>True when the action was approved by a human and is decided again right before it is done.</summary>
    public bool Approved { get; init; }
}
