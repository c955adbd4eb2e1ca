namespace Cairn.EndToEnd;

/// <summary>A policy bundle of a test's own, about calls of tools.</summary>
internal static class ToolBundle
{
    private const string Schema = """
        entity Team;
        entity Agent in [Team] = { trust_domain: String, path: String, owner: String, authenticated: String };
        entity ServerGroup;
        entity Server in [ServerGroup];
        entity ToolGroup in [ToolGroup];
        entity Tool in [Server, ToolGroup];
        type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
        action "tool.call" appliesTo {
          principal: [Agent],
          resource: [Tool],
          context: {
            name: String, server: String, uri: String,
            delegation: Delegation, scopes: Set<String>, time: datetime, writes?: Bool, approved: Bool,ARGUMENTS
          },
        };
        """;

    /// <summary>Writes the bundle into <c>bundle</c> below the folder; returns its path.</summary>
    /// <param name="folder">The test's folder.</param>
    /// <param name="policy">The policies, in Cedar.</param>
    /// <param name="credentials">The manifest's <c>credentials</c>, JSON.</param>
    /// <param name="version">The bundle's version.</param>
    /// <param name="texts">Members of the arguments that the policies see, each a text.</param>
    public static string Write(TemporaryFolder folder, string policy, string credentials = "{}", string version = "1.0.0", params string[] texts)
    {
        var path = Directory.CreateDirectory(folder["bundle"]).FullName;
        var members = string.Join(',', texts.Select(text => $"\"{text}\":\"text\""));
        var asked = texts.Length == 0 ? "" : $",\"arguments\":[{{\"action\":\"tool.call\",\"members\":{{{members}}}}}]";
        File.WriteAllText(
            Path.Combine(path, "bundle.json"),
            $$"""
            {"name":"end-to-end","version":"{{version}}","description":"For a test","engine":{"name":"cedar","version":"4.13"},
             "capture":[{"action":"tool.call","input":"full","content":"redacted"},{"input":"full","content":"none"}],
             "credentials":{{credentials}},"approval_timeout":"5m"{{asked}}}
            """);
        File.WriteAllText(Path.Combine(path, "entities.json"), "[]");
        File.WriteAllText(
            Path.Combine(path, "schema.cedarschema"),
            Schema.Replace("ARGUMENTS", texts.Length == 0 ? "" : $" arguments: {{ {string.Join(", ", texts.Select(text => $"{text}?: String"))} }},", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(path, "policy.cedar"), policy);
        return path;
    }
}
