using Cairn.Broker.Clients;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Cairn.Broker.Endpoints;

/// <summary>The metadata document (RFC 8414 §2): what a client needs to know, and nothing that is not so.</summary>
internal sealed class MetadataEndpoint(EndpointAddresses addresses) : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    private static readonly string[] Methods = ["private_key_jwt", "tls_client_auth", "spiffe_jwt"];
    private static readonly string[] Algorithms = ["ES256", "RS256", "PS256"];

    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        // As it stands in the tokens, to the letter (§3.3): an address that was parsed could have gained a slash.
        context.Metadata["issuer"] = addresses.Issuer;
        context.Metadata["token_endpoint"] = addresses.Of(EndpointAddresses.Token).AbsoluteUri;
        context.Metadata["introspection_endpoint"] = addresses.Of(EndpointAddresses.Introspection).AbsoluteUri;
        context.Metadata["revocation_endpoint"] = addresses.Of(EndpointAddresses.Revocation).AbsoluteUri;
        context.Metadata["jwks_uri"] = addresses.Of(EndpointAddresses.Keys).AbsoluteUri;
        context.Metadata["grant_types_supported"] = Texts(OpenIddictConstants.GrantTypes.ClientCredentials, OpenIddictConstants.GrantTypes.TokenExchange);
        foreach (var endpoint in (ReadOnlySpan<string>)["token", "introspection", "revocation"])
        {
            context.Metadata[$"{endpoint}_endpoint_auth_methods_supported"] = Texts(Methods);
            context.Metadata[$"{endpoint}_endpoint_auth_signing_alg_values_supported"] = Texts(Algorithms);
        }

        context.Metadata["dpop_signing_alg_values_supported"] = Texts(Algorithms); // RFC 9449 §5.1
        context.Metadata["tls_client_certificate_bound_access_tokens"] = true; // RFC 8705 §3.3
        context.Metadata["client_assertion_types_supported"] = Texts(AssertionTypes.Jwt, AssertionTypes.JwtSvid);
        return ValueTask.CompletedTask;
    }

    private static OpenIddictParameter Texts(params string[] values) => new([.. values.Select(v => (string?)v)]);
}

/// <summary>The key set (RFC 7517 §5): every key by which a token may be signed that still holds.</summary>
internal sealed class KeysEndpoint(CredentialBroker broker) : IOpenIddictServerHandler<HandleJsonWebKeySetRequestContext>
{
    public ValueTask HandleAsync(HandleJsonWebKeySetRequestContext context)
    {
        foreach (var key in broker.Keys.Published(broker.Parts.Time.GetUtcNow()))
        {
            context.Keys.Add(new JsonWebKey(key.ToString()) { Use = "sig", Alg = "ES256" });
        }

        return ValueTask.CompletedTask;
    }
}
