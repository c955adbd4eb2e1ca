using System.Text.Json;
using System.Text.Json.Serialization;
using Cairn.Broker.Tokens;
using Cairn.Evidence;

namespace Cairn.Broker;

/// <summary>What a broker may give to whom: <c>broker/broker.json</c> in the data directory. Names are in snake case; unknown ones are refused.</summary>
public sealed record BrokerSettings
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary><c>iss</c> of the tokens, and the address that clients know (RFC 8414 §2).</summary>
    public string Issuer { get; init; } = "http://127.0.0.1:7071";

    /// <summary>What workloads may have on their own, with no subject token or their own JWT-SVID as one.</summary>
    public IReadOnlyList<WorkloadRule> Workloads { get; init; } = [];

    /// <summary>
    /// Workloads that may name another as actor without its token, because they have authenticated it: a SPIFFE ID, or a
    /// prefix that ends in <c>/*</c>.
    /// </summary>
    public IReadOnlyList<string> Gateways { get; init; } = [];

    /// <summary>Workloads that authenticate by <c>private_key_jwt</c> (RFC 7523 §2.2) in place of an SVID.</summary>
    public IReadOnlyList<RegisteredClient> Clients { get; init; } = [];

    /// <summary>Issuers whose tokens show that a person started something.</summary>
    public IReadOnlyList<ForeignIssuer> Issuers { get; init; } = [];

    /// <summary>Audiences whose tokens may be bound to no key, because the resource can't check a proof.</summary>
    public IReadOnlyList<string> BearerAudience { get; init; } = [];

    /// <summary>Longest lifetime of an access token, seconds.</summary>
    public int MaxTtlS { get; init; } = 3600;

    /// <summary>Longest lifetime of an operator's grant, seconds.</summary>
    public int MaxGrantTtlS { get; init; } = 30 * 24 * 3600;

    /// <summary>How often authority can be handed on.</summary>
    public int MaxDepth { get; init; } = 8;

    /// <summary>How far another machine's clock may be from this one's, seconds.</summary>
    public int ClockSkewS { get; init; } = 5;

    /// <summary>How old a proof may be, seconds.</summary>
    public int ProofAgeS { get; init; } = 60;

    /// <summary>Whether proofs must carry a nonce of this broker (RFC 9449 §8).</summary>
    public bool RequireNonce { get; init; }

    /// <summary>How long a signing key signs, seconds; it is published until the last of its tokens is over.</summary>
    public int KeyLifetimeS { get; init; } = 30 * 24 * 3600;

    /// <summary>Where the file is in a data directory.</summary>
    public static string PathIn(string data) => BrokerDirectory.SettingsPath(Path.GetFullPath(data));

    /// <summary>Reads the file; a missing one gives the defaults, by which nothing is given without an operator's grant.</summary>
    /// <exception cref="BrokerException">It is not what it should be; the message names the file and the place.</exception>
    public static BrokerSettings Read(string path)
    {
        if (!File.Exists(path))
        {
            return new BrokerSettings();
        }

        try
        {
            using var file = File.OpenRead(path);
            return (JsonSerializer.Deserialize<BrokerSettings>(file, Json) ?? throw new BrokerException($"{path} holds null, expected an object")).Checked(path);
        }
        catch (JsonException e)
        {
            throw new BrokerException($"{path}: {e.Message}", e);
        }
    }

    internal BrokerSettings Checked(string where)
    {
        void Require(bool holds, string what)
        {
            if (!holds)
            {
                throw new BrokerException($"{where}: {what}");
            }
        }

        Require(Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) && issuer.Scheme is "http" or "https" && issuer.Query.Length == 0 && issuer.Fragment.Length == 0, $"issuer \"{Issuer}\" is no http or https address without query and fragment");
        Require(MaxTtlS is >= 1 and <= 86_400, $"max_ttl_s is {MaxTtlS}, expected 1 to 86400");
        Require(MaxGrantTtlS is >= 1 and <= 365 * 86_400, $"max_grant_ttl_s is {MaxGrantTtlS}, expected 1 to a year");
        Require(MaxDepth is >= 1 and <= 32, $"max_depth is {MaxDepth}, expected 1 to 32");
        Require(ClockSkewS is >= 0 and <= 60, $"clock_skew_s is {ClockSkewS}, expected 0 to 60");
        Require(ProofAgeS is >= 1 and <= 600, $"proof_age_s is {ProofAgeS}, expected 1 to 600");
        Require(KeyLifetimeS is >= 60, $"key_lifetime_s is {KeyLifetimeS}, expected at least 60");
        foreach (var pattern in Gateways.Concat(Workloads.Select(w => w.Id)))
        {
            Require(SpiffeId.TryParse(pattern.EndsWith("/*", StringComparison.Ordinal) ? pattern[..^2] : pattern, out _), $"\"{pattern}\" is neither a SPIFFE ID nor a prefix of one that ends in /*");
        }

        foreach (var client in Clients)
        {
            Require(SpiffeId.TryParse(client.Id, out var id) && id.Path.Length > 0, $"the client \"{client.Id}\" is not a SPIFFE ID with a path");
            RequireKeys(client.Jwks, client.Id);
        }

        foreach (var known in Issuers)
        {
            RequireKeys(known.Jwks, known.Issuer);
        }

        void RequireKeys(JsonElement jwks, string of)
        {
            try
            {
                Require(PublicJwk.ParseSet(jwks).Count > 0, $"no key of {of} is of a kind that is known here; expected EC P-256 or RSA");
            }
            catch (TokenFormatException e)
            {
                throw new BrokerException($"{where}: the keys of {of}: {e.Message}", e);
            }
        }

        Require(Workloads.All(w => w.TtlS >= 1), "a workload's ttl_s is below 1");
        return this;
    }

    internal bool IsGateway(SpiffeId id) => Gateways.Any(pattern => Covers(pattern, id));

    internal WorkloadRule? RuleFor(SpiffeId id) => Workloads.Where(w => Covers(w.Id, id)).MaxBy(w => w.Id.Length);

    private static bool Covers(string pattern, SpiffeId id) => pattern.EndsWith("/*", StringComparison.Ordinal)
        ? id.ToString().StartsWith(pattern[..^1], StringComparison.Ordinal)
        : id.ToString() == pattern;
}

/// <summary>What a workload may have on its own. Of several rules the longest pattern counts.</summary>
public sealed record WorkloadRule
{
    /// <summary>A SPIFFE ID, or a prefix of some that ends in <c>/*</c>.</summary>
    public required string Id { get; init; }

    /// <summary>For whom.</summary>
    public required IReadOnlyList<string> Audience { get; init; }

    /// <summary>What.</summary>
    public required IReadOnlyList<string> Scope { get; init; }

    /// <summary>Longest lifetime, seconds.</summary>
    public int TtlS { get; init; } = 300;
}

/// <summary>A workload that has a key of its own in place of an SVID.</summary>
public sealed record RegisteredClient
{
    /// <summary>Its SPIFFE ID, <c>client_id</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Its public keys, a JWK set (RFC 7517 §5).</summary>
    public required JsonElement Jwks { get; init; }
}

/// <summary>An issuer of tokens about people, such as an OpenID provider.</summary>
public sealed record ForeignIssuer
{
    /// <summary><c>iss</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary><c>aud</c> that its tokens must have.</summary>
    public required string Audience { get; init; }

    /// <summary>Its public keys, a JWK set.</summary>
    public required JsonElement Jwks { get; init; }

    /// <summary>For whom tokens may be issued on such a token's behalf.</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    /// <summary>What at most; where the token has a <c>scope</c> of its own, no more than both.</summary>
    public required IReadOnlyList<string> Scope { get; init; }
}
