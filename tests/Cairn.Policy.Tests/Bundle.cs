using System.Text;
using Cairn.Evidence;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

/// <summary>Bundles and requests for tests, so that a test shows only what it is about.</summary>
internal static class Bundle
{
    public const string Schema = """
        entity Team;
        entity Agent in [Team] = { trust_domain: String, path: String, owner: String, authenticated: String };
        entity Server;
        entity ToolGroup;
        entity Tool in [Server, ToolGroup];
        entity Resource in [Server];
        type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
        action anything;
        action "tool.call" in [anything] appliesTo { principal: [Agent], resource: [Tool], context: {
          name: String, server: String, uri: String, delegation: Delegation, scopes: Set<String>,
          time: datetime, writes?: Bool, approved: Bool,
          arguments: { amount?: decimal, path?: String, count?: Long, tags?: Set<String>, force?: Bool } } };
        action "process.exec" appliesTo { principal: [Agent], resource: [Resource], context: {
          name: String, server: String, uri: String, delegation: Delegation, scopes: Set<String>,
          time: datetime, writes?: Bool, approved: Bool } };
        """;

    public const string Manifest = """
        {"name":"test","version":"1",
         "arguments":[{"action":"tool.call","members":{"amount":"decimal","path":"text","count":"integer","tags":"texts","force":"flag"}}],
         "credentials":{"bank":{"audience":"https://bank.example","scope":["pay"],"ttl":"5m"},"shop":{"audience":"https://shop.example","scope":["buy"],"ttl":"1h","per_task":true}}}
        """;

    public static BundleFiles Files(string policies, string? manifest = null, string? schema = null, string? entities = null)
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["bundle.json"] = Encoding.UTF8.GetBytes(manifest ?? Manifest),
            ["schema.cedarschema"] = Encoding.UTF8.GetBytes(schema ?? Schema),
            ["policies.cedar"] = Encoding.UTF8.GetBytes(policies),
        };
        if (entities is not null)
        {
            files["entities.json"] = Encoding.UTF8.GetBytes(entities);
        }

        return BundleFiles.Of(files);
    }

    public static PolicyBundle Load(string policies, string? manifest = null, string? schema = null, string? entities = null) =>
        PolicyBundle.Load(Files(policies, manifest, schema, entities), CedarModule.Shared);

    public static IReadOnlyList<string> Problems(string policies, string? manifest = null, string? schema = null, string? entities = null) =>
        [.. Assert.Throws<PolicyBundleException>(() => Load(policies, manifest, schema, entities)).Problems.Select(p => p.ToString())];

    public static AuthorizationRequest Request(string tool = "transfer", string server = "bank", string? arguments = null) => new()
    {
        Principal = SpiffeId.Parse("spiffe://example.org/agent/billing"),
        Owner = "payments team",
        Authenticated = "x509-svid",
        ActionType = "tool.call",
        ActionName = tool,
        Resource = $"mcp://{server}/tools/{tool}",
        Server = server,
        Trace = TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736"),
        Time = new DateTimeOffset(2026, 11, 25, 9, 30, 0, TimeSpan.Zero),
        Arguments = arguments is null ? default : Encoding.UTF8.GetBytes(arguments),
    };

    public static PolicyEvaluation Evaluate(this PolicyBundle bundle, AuthorizationRequest request) =>
        PolicyEvaluator.Recompute(bundle, CedarModule.Shared, DecisionInput.Write(request, bundle.Manifest));
}
