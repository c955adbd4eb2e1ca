using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Gateway.Authority;

/// <summary>Who asks for an action, as the way in has established.</summary>
public sealed record Caller
{
    /// <summary>The workload that acts.</summary>
    public required SpiffeId Agent { get; init; }

    /// <summary>Which running copy of it, such as <c>host:pid</c>.</summary>
    public required string Instance { get; init; }

    /// <summary>Who answers for it; empty when nobody was named.</summary>
    public string Owner { get; init; } = "";

    /// <summary>How it was authenticated, such as <c>x509-svid</c>, <c>oauth2</c>, <c>peercred</c>, <c>configured</c>.</summary>
    public string Authenticated { get; init; } = "configured";

    /// <summary>Who handed authority on, from the initiating principal to the last giver.</summary>
    public IReadOnlyList<string> DelegationChain { get; init; } = [];

    /// <summary>Scopes of the credential that was shown.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Public id of the credential that was shown; null without one.</summary>
    public string? CredentialId { get; init; }

    /// <summary>The token that was shown. A secret: it goes to the broker as subject token and nowhere else.</summary>
    public string? SubjectToken { get; init; }
}

/// <summary>An action as its caller proposes it, from whichever way in it came.</summary>
public sealed record ProposedAction
{
    /// <summary>Who asks.</summary>
    public required Caller Caller { get; init; }

    /// <summary>The trail and the caller's span in it.</summary>
    public required TraceId Trace { get; init; }

    /// <summary>The caller's span.</summary>
    public required SpanId Parent { get; init; }

    /// <summary>The span of the task that it is part of.</summary>
    public required SpanId Task { get; init; }

    /// <summary>The kind of act: <c>tool.call</c>, <c>http.request</c>, <c>process.exec</c> …</summary>
    public required string Type { get; init; }

    /// <summary>What is done: a tool's name, an HTTP method, a program's name.</summary>
    public required string Name { get; init; }

    /// <summary>What is acted upon: a URI without user information and query values.</summary>
    public required string Resource { get; init; }

    /// <summary>The server, host or machine that the resource belongs to.</summary>
    public string Server { get; init; } = "";

    /// <summary>Whether the act may change something; null when nobody knows.</summary>
    public bool? Writes { get; init; }

    /// <summary>Digest of the tool's definition as last listed; null when there is none.</summary>
    public Digest? ToolDigest { get; init; }

    /// <summary>The exact input: what is committed to, and what an approval is bound to.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>The input's media type.</summary>
    public string InputMedia { get; init; } = "application/json";

    /// <summary>The input as JSON for the policy's context, where <see cref="Input"/> is not JSON itself; empty: <see cref="Input"/> when its media type is JSON.</summary>
    public ReadOnlyMemory<byte> Arguments { get; init; }

    /// <summary>Writes further members of <c>action.requested</c>'s <c>action</c> that the schema knows, such as <c>before</c>; null: none.</summary>
    public Action<Utf8JsonWriter>? More { get; init; }

    /// <summary>Whether a credential can be given along. An action that can't take the one its policy grants is refused.</summary>
    public bool TakesCredential { get; init; } = true;

    /// <summary>Where there is no place for a credential: what its caller can do about it, in words; empty: nothing is known.</summary>
    public string CredentialAdvice { get; init; } = "";

    /// <summary>Whether whoever does the act can prove no key: its credential must then be bound to none.</summary>
    public bool TakesBearerOnly { get; init; }

    /// <summary>OpenTelemetry attributes of both its records.</summary>
    public IReadOnlyDictionary<string, object> Attributes { get; init; } = new Dictionary<string, object>();
}
