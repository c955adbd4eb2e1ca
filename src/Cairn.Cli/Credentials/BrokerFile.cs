namespace Cairn.Cli.Credentials;

/// <summary>The <c>broker.json</c> that <c>cairn broker init</c> writes: the defaults, each with what it means.</summary>
internal static class BrokerFile
{
    public const string Commented = """
        // What the credential broker may give to whom. Times are in seconds. Unknown names are refused.
        {
          // "iss" of every token, and the address that clients reach the broker at. Beyond this machine: https.
          "issuer": "http://127.0.0.1:7071",

          // Gateways: workloads that have authenticated an agent themselves, and may name it as actor without its token.
          // A SPIFFE ID, or a prefix that ends in /*.
          "gateways": [],
          // "gateways": ["spiffe://cairn.local/gateway/*"],

          // What a workload may have on its own, without anybody's grant. Of several that fit, the longest counts.
          "workloads": [],
          // "workloads": [{ "id": "spiffe://cairn.local/agent/reporter", "audience": ["https://files.example"], "scope": ["read"], "ttl_s": 300 }],

          // Workloads that sign with a key of their own in place of an SVID: "jwks" is a JWK set of public keys.
          "clients": [],

          // OpenID providers and the like whose tokens show that a person started something.
          "issuers": [],

          // Audiences that can't check a proof of possession. Their tokens can be used by whoever copies them: keep it empty.
          "bearer_audience": [],

          // Longest life of an access token, and of a grant. None outlives what it was exchanged for.
          "max_ttl_s": 3600,
          "max_grant_ttl_s": 2592000,

          // How often authority can be handed on.
          "max_depth": 8,

          // How far clocks may be apart, how old a DPoP proof may be, and whether it must carry a nonce of the broker.
          "clock_skew_s": 5,
          "proof_age_s": 60,
          "require_nonce": false,

          // How long one key signs. It is published until the last of its tokens is over.
          "key_lifetime_s": 2592000
        }

        """;
}
