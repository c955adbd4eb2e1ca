namespace Cairn.Broker.Clients;

/// <summary>Values of <c>client_assertion_type</c>.</summary>
internal static class AssertionTypes
{
    /// <summary>RFC 7523 §2.2: <c>private_key_jwt</c>; a JWT-SVID is taken under it too.</summary>
    public const string Jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>A JWT-SVID (draft-ietf-oauth-spiffe-client-auth §3.2).</summary>
    public const string JwtSvid = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
}
