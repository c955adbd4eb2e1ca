using Cairn.Sdk;

namespace Cairn.HttpGateway.Configuration;

/// <summary>All that a gateway is told: where it listens, whom it knows, and what lies behind which path (docs/http-gateway.md).</summary>
public sealed record GatewayConfiguration
{
    /// <summary>Where it listens; at least one.</summary>
    public required IReadOnlyList<Listener> Listeners { get; init; }

    /// <summary>SPIFFE bundle files by trust domain: what callers' SVIDs are judged by.</summary>
    public IReadOnlyDictionary<string, string> TrustBundles { get; init; } = new Dictionary<string, string>();

    /// <summary>Names of this gateway, one of which an access token of the broker must be for.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>Who may call.</summary>
    public required IReadOnlyList<Agent> Agents { get; init; }

    /// <summary>What they may call.</summary>
    public required IReadOnlyList<Route> Routes { get; init; }

    /// <summary>Path of the health answer.</summary>
    public string HealthPath { get; init; } = "/healthz";

    /// <summary>Bounds.</summary>
    public Limits Limits { get; init; } = new();

    /// <summary>Times.</summary>
    public Timeouts Timeouts { get; init; } = new();
}

/// <summary>An address to listen at.</summary>
/// <param name="Address">IP address and port.</param>
/// <param name="Hosts">Host names under which callers may address it (the <c>Host</c> header, without port).</param>
/// <param name="Origins">Origins that browsers may send, besides those whose host is one of <paramref name="Hosts"/>.</param>
/// <param name="Tls">Certificate and key; null: plain HTTP, on a loopback address only.</param>
public sealed record Listener(System.Net.IPEndPoint Address, IReadOnlyList<string> Hosts, IReadOnlyList<string> Origins, ListenerTls? Tls);

/// <summary>TLS of a listener.</summary>
/// <param name="CertificateFile">PEM: certificate and the path above it.</param>
/// <param name="KeyFile">PEM: its private key.</param>
/// <param name="ClientCertificate">Whether callers must, may or can't show a certificate.</param>
public sealed record ListenerTls(string CertificateFile, string KeyFile, ClientCertificates ClientCertificate);

/// <summary>Whether callers show certificates.</summary>
public enum ClientCertificates
{
    /// <summary>Nobody is asked.</summary>
    None,

    /// <summary>Who has one shows it.</summary>
    Accepted,

    /// <summary>Nobody gets in without one.</summary>
    Required,
}

/// <summary>A workload that may call.</summary>
public sealed record Agent
{
    /// <summary>Its name in this file.</summary>
    public required string Name { get; init; }

    /// <summary>Its SPIFFE ID: the actor of its records.</summary>
    public required Evidence.SpiffeId Id { get; init; }

    /// <summary>Who answers for it.</summary>
    public required string Owner { get; init; }

    /// <summary>It may show an X.509-SVID of its id in the TLS handshake.</summary>
    public bool ByCertificate { get; init; }

    /// <summary>The audience of JWT-SVIDs that it may show; null: none is taken.</summary>
    public string? JwtAudience { get; init; }

    /// <summary>It may show an access token of the credential broker, bound to its key.</summary>
    public bool ByBrokerToken { get; init; }

    /// <summary>A file, mode 0600, with a token of its own; null: none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Whoever reaches a loopback listener without any credential is taken for it.</summary>
    public bool ByLoopback { get; init; }
}

/// <summary>A path and the server behind it.</summary>
public sealed record Route
{
    /// <summary>The MCP endpoint's path, matched exactly.</summary>
    public required string Path { get; init; }

    /// <summary>The server.</summary>
    public required Upstream Upstream { get; init; }

    /// <summary>Names of the agents that may call it.</summary>
    public required IReadOnlyList<string> Agents { get; init; }

    /// <summary>How much of inputs and outputs is kept where no policy says otherwise.</summary>
    public CaptureProfile Capture { get; init; }

    /// <summary>False: records follow in batches and calls do not wait for them.</summary>
    public bool Strict { get; init; } = true;

    /// <summary>What decides; null: every known agent's calls are admitted.</summary>
    public RoutePolicy? Policy { get; init; }
}

/// <summary>The policy of a route.</summary>
/// <param name="Path">A policy bundle's folder, or a store of sealed bundles.</param>
/// <param name="Shadow">Decisions are recorded and do not bind.</param>
/// <param name="Watch">Changes of the folder are taken up while the gateway runs.</param>
public sealed record RoutePolicy(string Path, bool Shadow, bool Watch);

/// <summary>An MCP server that speaks streamable HTTP.</summary>
public sealed record Upstream
{
    /// <summary>Its MCP endpoint.</summary>
    public required Uri Url { get; init; }

    /// <summary>PEM file with the authorities that its certificate must come from; null: the system's.</summary>
    public string? AuthoritiesFile { get; init; }

    /// <summary>PEM file of the certificate that the gateway shows; null: none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of its key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Headers whose values are read from files (mode 0600): secrets that the agents need not know.</summary>
    public IReadOnlyDictionary<string, string> HeaderFiles { get; init; } = new Dictionary<string, string>();

    /// <summary>How a credential from the broker is shown.</summary>
    public CredentialDelivery Credential { get; init; }

    /// <summary>The caller's own <c>Authorization</c> and <c>DPoP</c> headers are passed on.</summary>
    public bool ForwardsAuthorization { get; init; }
}

/// <summary>How a credential reaches a server.</summary>
public enum CredentialDelivery
{
    /// <summary><c>Authorization</c> header; with a <c>DPoP</c> proof where the token is bound to a key.</summary>
    Authorization,

    /// <summary>The member <c>cairn/credential</c> of the request's <c>params._meta</c>.</summary>
    Meta,
}

/// <summary>Bounds of a gateway.</summary>
public sealed record Limits
{
    /// <summary>Longest message in bytes.</summary>
    public int MessageBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of messages held at a time, in each direction; one larger message is held alone.</summary>
    public long BytesUnderWay { get; init; } = 256L * 1024 * 1024;

    /// <summary>HTTP requests at a time; streams included.</summary>
    public int Requests { get; init; } = 10_000;

    /// <summary>Sessions at a time.</summary>
    public int Sessions { get; init; } = 10_000;
}

/// <summary>Times of a gateway.</summary>
public sealed record Timeouts
{
    /// <summary>How long a connection to a server may take.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a server may be silent while it owes an answer.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a session may be unused before its task is ended.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a call whose stream broke may be resumed before it counts as lost.</summary>
    public TimeSpan Resume { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a human's approval is waited for where the policy does not say.</summary>
    public TimeSpan Approval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long calls may go on once the gateway was told to end.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the end waits for the ledger.</summary>
    public TimeSpan Flush { get; init; } = TimeSpan.FromSeconds(5);
}
