namespace Cairn.Broker.Endpoints;

/// <summary>Where the endpoints are: paths under the issuer's address.</summary>
internal sealed class EndpointAddresses
{
    public const string Token = "token";
    public const string Introspection = "introspect";
    public const string Revocation = "revoke";
    public const string Keys = "jwks";
    private const string WellKnown = "/.well-known/oauth-authorization-server";
    private readonly string _base;

    public EndpointAddresses(string issuer)
    {
        Issuer = issuer;
        _base = issuer.TrimEnd('/');
        var path = new Uri(_base).AbsolutePath.TrimEnd('/');
        Prefix = path;

        // RFC 8414 §3: the well-known part stands before the issuer's own path.
        Metadata = WellKnown + path;
    }

    /// <summary>The issuer, exactly as it stands in tokens.</summary>
    public string Issuer { get; }

    /// <summary>The issuer's own path, without a slash at its end; empty for most.</summary>
    public string Prefix { get; }

    /// <summary>The path of the metadata document.</summary>
    public string Metadata { get; }

    /// <summary>The path of an endpoint on this server.</summary>
    public string PathOf(string endpoint) => $"{Prefix}/{endpoint}";

    /// <summary>The address of an endpoint, as clients know it: what a proof's <c>htu</c> must be.</summary>
    public Uri Of(string endpoint) => new($"{_base}/{endpoint}");
}
