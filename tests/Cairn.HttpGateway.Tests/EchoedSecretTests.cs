using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Authority;
using Cairn.HttpGateway.Tests.Harness;
using Cairn.Policy;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Tests;

/// <summary>A server that says again what it was given: the caller sees it, because nothing is changed on its way; no record, content or log keeps it.</summary>
public sealed class EchoedSecretTests
{
    private const string ApiKey = "planted-api-key-of-the-gateway-0815";
    private static readonly byte[] Key = [.. Enumerable.Repeat((byte)7, 32)];

    [Theory]
    [InlineData("authorization", "json", "ok")]
    [InlineData("authorization", "event", "ok")]
    [InlineData("authorization", "error", "protocol_error")]
    [InlineData("authorization", "question", "ok")]
    [InlineData("authorization", "later", "ok")]
    [InlineData("meta", "json", "ok")]
    [InlineData("meta", "event", "ok")]
    [InlineData("meta", "error", "protocol_error")]
    [InlineData("meta", "question", "ok")]
    [InlineData("meta", "later", "ok")]
    public async Task Credential_that_the_server_says_again_is_kept_nowhere(string delivery, string way, string status)
    {
        await using var server = await PuppetServer.StartAsync(EchoAsync);
        await using var bench = await StartAsync(server, delivery);
        if (way == "later")
        {
            // The server was given it with this call and says it in the answer to another.
            using var before = await bench.PostAsync(GatewayBench.Call(7, "plain"));
        }

        using var response = await bench.PostAsync(GatewayBench.Call(1, way));
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains(ScriptedCredentials.Token, answer.Replace("\ndata: ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(status, GatewayBench.Body(await bench.RecordAsync(r => r.Kind == RecordKinds.ActionCompleted && IsOf(r, way)))["status"]!.GetValue<string>());
        await bench.Gateway.StopAsync();
        KeepsNone(bench, ScriptedCredentials.Token);
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Gateways_own_key_for_the_server_and_the_callers_own_token_are_kept_nowhere_either()
    {
        await using var server = await PuppetServer.StartAsync(EchoAsync);
        await using var bench = await StartAsync(server, "authorization");

        using var key = await bench.PostAsync(GatewayBench.Call(1, "key"));
        using var leak = await bench.PostAsync(GatewayBench.Call(2, "plain", new JsonObject { ["note"] = $"my token is {GatewayBench.Token}" }));

        Assert.Contains(ApiKey, await key.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await bench.Gateway.StopAsync();
        KeepsNone(bench, ApiKey);
        KeepsNone(bench, GatewayBench.Token);
    }

    [Fact]
    public async Task Content_without_a_secret_is_kept_as_the_profile_says()
    {
        await using var server = await PuppetServer.StartAsync(EchoAsync);
        await using var bench = await StartAsync(server, "authorization");

        using var response = await bench.PostAsync(GatewayBench.Call(1, "plain", new JsonObject { ["note"] = "harmless" }));
        await bench.CompletedAsync("ok");
        await bench.Gateway.StopAsync();

        var kept = bench.Ledger.Contents.Select(c => Encoding.UTF8.GetString(c.Open(Key))).ToList();
        Assert.Contains(kept, text => text.Contains("harmless", StringComparison.Ordinal));
        Assert.Contains(kept, text => text.Contains("nothing to say", StringComparison.Ordinal));
    }

    private static bool IsOf(Record record, string tool) => GatewayBench.Body(record)["resource"]!.GetValue<string>().EndsWith($"/{tool}", StringComparison.Ordinal);

    private static void KeepsNone(GatewayBench bench, string secret)
    {
        Assert.All(bench.Records, r => Assert.DoesNotContain(secret, Encoding.UTF8.GetString(r.Bytes.Span), StringComparison.Ordinal));
        Assert.All(bench.Ledger.Contents, c => Assert.DoesNotContain(secret, Encoding.UTF8.GetString(c.Open(Key)), StringComparison.Ordinal));
        Assert.DoesNotContain(secret, bench.Log.ToString(), StringComparison.Ordinal);
    }

    private static Task<GatewayBench> StartAsync(PuppetServer server, string delivery) => GatewayBench.StartAsync(
        bench =>
        {
            var configuration = bench.Configuration(server.Url);
            var route = configuration["routes"]!["/mcp"]!;
            route["policy"] = new JsonObject { ["path"] = "rules" };
            route["capture"] = "full";
            route["upstream"]!["credential"] = delivery;
            route["upstream"]!["header_files"] = new JsonObject { ["X-Api-Key"] = bench.Secret("api.key", ApiKey) };
            return configuration;
        },
        standard => standard with
        {
            Credentials = new ScriptedCredentials(),
            OpenPolicy = (_, _, _) => new(new DecidingPolicy(request => DecidingPolicy.Decision(PolicyOutcome.Allow) with
            {
                Credential = request.ActionName == "later" ? null : new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(1), false),
            })),
        });

    private static async Task EchoAsync(HttpContext context, string body)
    {
        if (JsonNode.Parse(body)?["params"]?["name"]?.GetValue<string>() is not { } tool)
        {
            await PuppetServer.AcceptedAsync(context);
            return;
        }

        var given = context.Request.Headers.Authorization.ToString() is { Length: > 0 } header ? header : $"{JsonNode.Parse(body)!["params"]!["_meta"]?["cairn/credential"]?["token"]}";
        switch (tool)
        {
            case "json":
                await PuppetServer.JsonAsync(context, PuppetServer.Result(1, $"you sent {given}"));
                break;
            case "event":
                // Over two data lines, and broken off in the middle of the token on the wire.
                var text = $"data: {{\"jsonrpc\":\"2.0\",\"id\":1,\ndata: \"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"you sent {given}\"}}]}}}}\n\n";
                var middle = text.IndexOf("secret-of", StringComparison.Ordinal);
                await PuppetServer.EventsAsync(context);
                await PuppetServer.WriteAsync(context, text[..middle]);
                await Task.Delay(50);
                await PuppetServer.WriteAsync(context, text[middle..]);
                break;
            case "error":
                await PuppetServer.JsonAsync(context, $"{{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{{\"code\":-32000,\"message\":\"not with {given}\",\"data\":\"{given}\"}}}}");
                break;
            case "question":
                await PuppetServer.EventsAsync(context);
                await PuppetServer.WriteAsync(context, $"data: {{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\",\"params\":{{\"message\":\"is it {given}?\",\"requestedSchema\":{{\"type\":\"object\",\"properties\":{{}}}}}}}}\n\n");
                await PuppetServer.WriteAsync(context, $"data: {PuppetServer.Result(1)}\n\n");
                break;
            case "later":
                await PuppetServer.JsonAsync(context, PuppetServer.Result(1, $"before, you sent {ScriptedCredentials.Token}"));
                break;
            case "key":
                await PuppetServer.JsonAsync(context, PuppetServer.Result(1, $"you sent {context.Request.Headers["X-Api-Key"]}"));
                break;
            default:
                await PuppetServer.JsonAsync(context, PuppetServer.Result(JsonNode.Parse(body)!["id"]!, "nothing to say"));
                break;
        }
    }
}
