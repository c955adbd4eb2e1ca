using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Evidence.Tests.Records;
using Cairn.Gateway.Tests.Harness;
using Cairn.HttpGateway.Configuration;

namespace Cairn.HttpGateway.Tests;

/// <summary>A configuration is understood whole or refused with file, place, what was expected and what was found.</summary>
public sealed class ConfigurationTests
{
    private const string Good = """
        {
          // Comments and trailing commas are welcome.
          "listen": [{ "address": "127.0.0.1:7080", "origins": ["https://app.example"] }],
          "agents": {
            "assistant": { "id": "spiffe://example.org/agent/assistant", "owner": "pat", "loopback": true },
          },
          "routes": {
            "/files": {
              "upstream": { "url": "https://files.example/mcp", "credential": "meta" },
              "agents": ["assistant"], "capture": "redacted", "policy": { "path": "policies/files", "mode": "shadow", "watch": false },
            },
          },
          "limits": { "message_bytes": 1048576 },
          "timeouts": { "silence_seconds": 1.5 },
        }
        """;

    [Fact]
    public void Configuration_with_comments_is_read()
    {
        var configuration = Parse(Good);

        var route = Assert.Single(configuration.Routes);
        Assert.Equal(("/files", Sdk.CaptureProfile.Redacted, CredentialDelivery.Meta), (route.Path, route.Capture, route.Upstream.Credential));
        Assert.Equal(new RoutePolicy("/etc/cairn/policies/files", Shadow: true, Watch: false), route.Policy);
        Assert.True(route.Strict);
        Assert.Equal(["localhost", "127.0.0.1", "[::1]"], configuration.Listeners[0].Hosts);
        Assert.Equal(TimeSpan.FromSeconds(1.5), configuration.Timeouts.Silence);
        Assert.Equal(1024 * 1024, configuration.Limits.MessageBytes);
    }

    [Theory]
    [InlineData("\"limits\"", "\"limit\"", "$.limit: nothing of this name is known here")]
    [InlineData("\"owner\": \"pat\"", "\"owner\": \"pat\", \"owner\": \"kim\"", "$.agents.assistant.owner: this name stands twice")]
    [InlineData("\"/files\": {", "\"/files\": {}, \"/files\": {", "$.routes./files: this name stands twice")]
    [InlineData("spiffe://example.org/agent/assistant", "https://example.org/", "$.agents.assistant.id: expected a SPIFFE ID with a path")]
    [InlineData("127.0.0.1:7080", "127.0.0.1", "$.listen[0].address: expected an IP address and a port")]
    [InlineData("127.0.0.1:7080", "192.0.2.1:7080", "$.listen[0]: \"hosts\" is missing")]
    [InlineData("https://files.example/mcp", "ftp://files.example/mcp", "$.routes./files.upstream.url: expected an http or https address")]
    [InlineData("https://files.example/mcp", "https://me:pw@files.example/mcp", "$.routes./files.upstream.url: expected an http or https address")]
    [InlineData("[\"assistant\"]", "[\"nobody\"]", "$.routes./files.agents: \"nobody\" is none of the agents")]
    [InlineData("\"loopback\": true", "\"loopback\": false", "$.agents.assistant: nothing says how this agent is known")]
    [InlineData("\"loopback\": true", "\"certificate\": true", "$.agents.assistant: its SVIDs can't be checked")]
    [InlineData("\"loopback\": true", "\"token_file\": \"none.token\"", "$.agents.assistant.token_file: there is no file /etc/cairn/none.token")]
    [InlineData("\"capture\": \"redacted\"", "\"capture\": \"all\"", "$.routes./files.capture: expected one of metadata, redacted, full, found \"all\"")]
    [InlineData("1.5", "\"long\"", "$.timeouts.silence_seconds: expected seconds")]
    [InlineData("1048576", "1e3", "$.limits.message_bytes: expected a whole number")]
    [InlineData("\"/files\"", "\"/healthz\"", "$.health: expected a path that starts with / and is no route's")]
    [InlineData("\"/files\"", "\"/fi%6Ces\"", "$.routes./fi%6Ces: a route's name is a path")]
    [InlineData("\"credential\": \"meta\"", "\"key\": \"gateway.json\"", "$.routes./files.upstream.key: there is no file")]
    [InlineData("{ \"message", "{ ? \"message", "line 13, byte 15: not JSON")]
    public void Mistake_is_named_with_its_place(string right, string wrong, string message)
    {
        Assert.Contains(right, Good, StringComparison.Ordinal);

        var error = Assert.Throws<ConfigurationException>(() => Parse(Good.Replace(right, wrong, StringComparison.Ordinal)));

        Assert.StartsWith($"/etc/cairn/gateway.json: {message}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Published_schema_knows_exactly_the_names_that_are_read()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "http-gateway.schema.json")))!;
        var valid = JsonNode.Parse(Good, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        var schemas = new StructuralSchema(Path.Combine(TestPaths.Root, "docs"));
        using var document = JsonDocument.Parse(valid.ToJsonString());
        Assert.Empty(schemas.Errors("http-gateway.schema.json", document.RootElement));

        // Every name that the schema allows is one that the reader does not call unknown.
        foreach (var (place, name) in Names(schema["$defs"]!.AsObject()))
        {
            var probe = valid.DeepClone();
            (place switch
            {
                "listener" => probe["listen"]![0]!,
                "tls" => probe["listen"]![0]!["tls"] = new JsonObject(),
                "agent" => probe["agents"]!["assistant"]!,
                "route" => probe["routes"]!["/files"]!,
                "policy" => probe["routes"]!["/files"]!["policy"]!,
                "upstream" => probe["routes"]!["/files"]!["upstream"]!,
                _ => probe[place] ??= new JsonObject(),
            })[name] = JsonValue.Create(7);
            var error = Xunit.Record.Exception(() => Parse(probe.ToJsonString()));
            Assert.DoesNotContain("nothing of this name", error?.Message ?? "", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Token_file_that_others_may_read_is_refused()
    {
        await using var server = await Harness.PuppetServer.PlainAsync();

        var error = await Assert.ThrowsAsync<ConfigurationException>(() => Harness.GatewayBench.StartAsync(server.Url, c =>
            File.SetUnixFileMode(c["agents"]!["tester"]!["token_file"]!.GetValue<string>(), UnixFileMode.UserRead | UnixFileMode.OtherRead)));

        Assert.Contains("tester.token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_without_anything_that_could_decide_is_refused()
    {
        await using var server = await Harness.PuppetServer.PlainAsync();

        var error = await Assert.ThrowsAsync<ConfigurationException>(() => Harness.GatewayBench.StartAsync(server.Url, c => c["routes"]!["/mcp"]!["policy"] = new JsonObject { ["path"] = "p" }));

        Assert.Contains("route /mcp has a policy", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Place, string Name)> Names(JsonObject definitions) =>
        definitions.Where(d => d.Value!["properties"] is not null).SelectMany(d => d.Value!["properties"]!.AsObject().Select(p => (d.Key, p.Key)));

    private static GatewayConfiguration Parse(string json) => ConfigurationFile.Parse(Encoding.UTF8.GetBytes(json), "/etc/cairn/gateway.json");
}
