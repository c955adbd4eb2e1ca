using Cairn.Evidence;

namespace Cairn.Policy.Bundles;

/// <summary>An entity that the request itself brings: its attributes are the request's, and a bundle can't set them.</summary>
/// <param name="Uid">Its name.</param>
/// <param name="Attributes">Attributes, all texts.</param>
/// <param name="Parent">The entity that the request puts it below.</param>
internal sealed record RequestEntity(EntityUid Uid, IReadOnlyList<KeyValuePair<string, string>> Attributes, EntityUid? Parent)
{
    public const string Agent = "Agent";
    public const string Tool = "Tool";
    public const string Resource = "Resource";
    public const string Server = "Server";

    /// <summary>Attributes of an agent that requests give, so that bundles must not.</summary>
    public static readonly IReadOnlyList<string> AgentAttributes = ["trust_domain", "path", "owner", "authenticated"];

    /// <summary>The acting workload.</summary>
    public static RequestEntity Principal(string id, string owner, string authenticated)
    {
        var (domain, path) = SpiffeId.TryParse(id, out var spiffe) ? (spiffe.TrustDomain, spiffe.Path) : ("", "");
        return new RequestEntity(
            new EntityUid(Agent, id),
            [new("trust_domain", domain), new("path", path), new("owner", owner), new("authenticated", authenticated)],
            null);
    }

    /// <summary>What is acted upon: for a tool the tool itself, by server and name; otherwise the resource, by its URI.</summary>
    public static RequestEntity Target(string action, string name, string uri, string server)
    {
        var uid = action == "tool.call" ? new EntityUid(Tool, $"{server}/{name}") : new EntityUid(Resource, uri);
        return new RequestEntity(uid, [], server.Length == 0 ? null : new EntityUid(Server, server));
    }

    /// <summary>An entity of the bundle that is not the request's own: an agent that is not acting has nobody who answers for the act.</summary>
    public static RequestEntity Unasked(EntityUid uid) => uid.Type == Agent ? Principal(uid.Id, "", "") : new RequestEntity(uid, [], null);
}
