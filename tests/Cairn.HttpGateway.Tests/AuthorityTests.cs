using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Tests.Authority;
using Cairn.HttpGateway.Tests.Harness;
using Cairn.Policy;

namespace Cairn.HttpGateway.Tests;

/// <summary>Decisions, approvals and credentials on the way to a server.</summary>
public sealed class AuthorityTests
{
    private const string Other = "another-token-for-the-other-agent";

    [Fact]
    public async Task Denied_tool_call_is_a_tool_error_that_never_reaches_the_server()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(server, _ => DecidingPolicy.Decision(PolicyOutcome.Deny));

        using var response = await bench.PostAsync(GatewayBench.Call(9, "pay"));
        using var other = await bench.PostAsync("""{"jsonrpc":"2.0","id":10,"method":"resources/read","params":{"uri":"file:///etc/passwd"}}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var answer = await GatewayBench.MessageAsync(response);
        Assert.Equal(9, answer["id"]!.GetValue<int>());
        Assert.True(answer["result"]!["isError"]!.GetValue<bool>());
        Assert.Contains("because rule 7 says so", answer["result"]!["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(-31004, (await GatewayBench.MessageAsync(other))["error"]!["code"]!.GetValue<int>());
        Assert.Empty(server.Seen);
        var completed = await bench.CompletedAsync("refused");
        Assert.Equal("policy_denied", GatewayBench.Body(completed)["error"]!["code"]!.GetValue<string>());
        Assert.Equal("deny", GatewayBench.Body(bench.Records.First(r => r.Kind == RecordKinds.PolicyDecided))["decision"]!.GetValue<string>());
        await bench.Gateway.StopAsync();
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Two_agents_on_two_routes_are_decided_apart()
    {
        await using var files = await PuppetServer.PlainAsync();
        await using var bank = await PuppetServer.PlainAsync();
        var asked = new List<(string Path, AuthorizationRequest Request)>();
        await using var bench = await GatewayBench.StartAsync(b =>
        {
            var configuration = b.Configuration(files.Url);
            configuration["agents"]!["other"] = new JsonObject { ["id"] = "spiffe://test.local/agent/other", ["owner"] = "o@example.org", ["token_file"] = b.Secret("other.token", Other) };
            configuration["routes"]!["/bank"] = GatewayBench.Route(bank.Url, "other");
            configuration["routes"]!["/mcp"]!["policy"] = new JsonObject { ["path"] = "files" };
            configuration["routes"]!["/bank"]!["policy"] = new JsonObject { ["path"] = "bank" };
            return configuration;
        }, options => options with
        {
            OpenPolicy = (policy, _, _) => new(new DecidingPolicy(request =>
            {
                lock (asked)
                {
                    asked.Add((Path.GetFileName(policy.Path), request));
                }

                return DecidingPolicy.Decision(policy.Path.EndsWith("bank", StringComparison.Ordinal) ? PolicyOutcome.Deny : PolicyOutcome.Allow);
            })),
        });

        using var allowed = await bench.PostAsync(GatewayBench.Call(1, "read"));
        using var denied = await bench.PostAsync(GatewayBench.Call(1, "pay"), "/bank", ("Authorization", $"Bearer {Other}"));
        using var strayed = await bench.PostAsync(GatewayBench.Call(1, "pay"), "/bank");
        using var strayedToo = await bench.PostAsync(GatewayBench.Call(1, "read"), "/mcp", ("Authorization", $"Bearer {Other}"));

        Assert.Null((await GatewayBench.MessageAsync(allowed))["result"]!["isError"]);
        Assert.NotNull((await GatewayBench.MessageAsync(denied))["result"]!["isError"]);
        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.Forbidden], [strayed.StatusCode, strayedToo.StatusCode]);
        Assert.Single(files.Seen);
        Assert.Empty(bank.Seen);
        Assert.Equal([("files", "spiffe://test.local/agent/tester", "read"), ("bank", "spiffe://test.local/agent/other", "pay")], asked.Select(a => (a.Path, a.Request.Principal.ToString(), a.Request.ActionName)));
        Assert.All(asked, a => Assert.Equal("static-token", a.Request.Authenticated));
        await bench.Gateway.StopAsync();
        Assert.Equal(2, bench.Records.Select(r => (r.Trace, r.Actor.Id)).Distinct().Count());
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Batch_with_one_denied_call_passes_nothing()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(server, r => DecidingPolicy.Decision(r.ActionName == "pay" ? PolicyOutcome.Deny : PolicyOutcome.Allow));

        using var response = await bench.PostAsync($"[{GatewayBench.Call(1, "read")},{GatewayBench.Call(2, "pay")}]");

        var answers = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsArray();
        Assert.Equal("batch_refused", answers[0]!["error"]!["data"]!["reason"]!.GetValue<string>());
        Assert.True(answers[1]!["result"]!["isError"]!.GetValue<bool>());
        Assert.Empty(server.Seen);
        await bench.Gateway.StopAsync();
        Assert.Equal(["batch_refused", "policy_denied"], bench.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).Select(r => GatewayBench.Body(r)["error"]!["code"]!.GetValue<string>()).Order());
        RecordChecks.Hold(bench.Records);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_that_waits_for_a_human_keeps_its_caller_informed_over_an_event_stream(bool approved)
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(server, DecidingPolicy.ApprovalUnlessApproved);

        using var response = await bench.PostAsync(GatewayBench.Call(5, "pay", meta: new JsonObject { ["progressToken"] = "p" }));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var progress = await EventAsync(reader);
        Assert.Equal("notifications/progress", progress["method"]!.GetValue<string>());
        Assert.Equal("p", progress["params"]!["progressToken"]!.GetValue<string>());
        Assert.Contains("cairn approve", progress["params"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(server.Seen);
        bench.Desk.Answer(bench.Desk.Pending().Single().Request, approved, "seen");

        var answer = await EventAsync(reader);
        while (answer["method"] is not null)
        {
            answer = await EventAsync(reader);
        }

        Assert.Equal(5, answer["id"]!.GetValue<int>());
        Assert.Equal(!approved, answer["result"]!["isError"]?.GetValue<bool>() ?? false);
        Assert.Equal(approved ? 1 : 0, server.Seen.Count);
        await bench.CompletedAsync(approved ? "ok" : "refused");
        await bench.Gateway.StopAsync();
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Call_cancelled_while_it_waits_for_a_human_is_not_done()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(server, DecidingPolicy.ApprovalUnlessApproved);

        using (var response = await bench.PostAsync(GatewayBench.Call(5, "pay")))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            Assert.Equal(": waiting for approval", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        }

        await bench.CompletedAsync("cancelled");
        Assert.Empty(server.Seen);
        Assert.Equal("withdrawn", GatewayBench.Body(bench.Records.Single(r => r.Kind == RecordKinds.ApprovalRecorded))["decision"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("authorization")]
    [InlineData("meta")]
    public async Task Credential_reaches_the_server_and_no_record(string delivery)
    {
        var credentials = new ScriptedCredentials();
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(
            server,
            _ => DecidingPolicy.Decision(PolicyOutcome.Allow) with { Credential = new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(1), false) },
            options => options with { Credentials = credentials }, delivery);

        using var response = await bench.PostAsync(GatewayBench.Call(1, "pay"));

        Assert.True(response.IsSuccessStatusCode);
        var seen = Assert.Single(server.Seen);
        var inMeta = JsonNode.Parse(seen.Body)!["params"]!["_meta"]!["cairn/credential"];
        Assert.Equal($"Bearer {ScriptedCredentials.Token}", delivery == "meta" ? $"{inMeta!["token_type"]} {inMeta["token"]}" : seen.Headers["Authorization"]);
        Assert.Equal(delivery == "meta", inMeta is not null);
        Assert.Equal(delivery == "meta", !seen.Headers.ContainsKey("Authorization"));
        Assert.NotNull(JsonNode.Parse(seen.Body)!["params"]!["_meta"]!["traceparent"]);
        await bench.Gateway.StopAsync();
        Assert.Equal("jti-1", GatewayBench.Body(bench.Records.Single(r => r.Kind == RecordKinds.CredentialUsed))["id"]!.GetValue<string>());
        Assert.DoesNotContain(bench.Records, r => Encoding.UTF8.GetString(r.Bytes.Span).Contains(ScriptedCredentials.Token, StringComparison.Ordinal));
        RecordChecks.Hold(bench.Records);
    }

    [Fact]
    public async Task Caller_that_brings_the_credentials_member_itself_is_refused()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(
            server,
            _ => DecidingPolicy.Decision(PolicyOutcome.Allow) with { Credential = new CredentialRule("bank", "https://bank.test", ["pay"], TimeSpan.FromMinutes(1), false) },
            options => options with { Credentials = new ScriptedCredentials() }, "meta");

        using var response = await bench.PostAsync(GatewayBench.Call(1, "pay", meta: new JsonObject { ["cairn/credential"] = "Bearer mine" }));

        Assert.Equal(-31006, (await GatewayBench.MessageAsync(response))["error"]!["code"]!.GetValue<int>());
        Assert.Empty(server.Seen);
        await bench.CompletedAsync("refused");
    }

    [Fact]
    public async Task Callers_own_value_never_passes_under_the_credentials_name_where_the_server_looks_for_one()
    {
        await using var server = await PuppetServer.PlainAsync();
        await using var bench = await DecidingAsync(server, _ => DecidingPolicy.Decision(PolicyOutcome.Allow), null, "meta");

        using var call = await bench.PostAsync(GatewayBench.Call(1, "pay", meta: new JsonObject { ["cairn/credential"] = "Bearer mine", ["a"] = 1 }));
        using var other = await bench.PostAsync("""{"jsonrpc":"2.0","method":"notifications/x","params":{ "_meta":{"a": 1,"cairn/credential":"Bearer mine"}, "b":2}}""");

        var seen = server.Seen.ToList();
        var meta = JsonNode.Parse(seen[0].Body)!["params"]!["_meta"]!.AsObject();
        Assert.Equal(["a", "traceparent"], meta.Select(m => m.Key).Order());
        Assert.Equal("""{"jsonrpc":"2.0","method":"notifications/x","params":{ "_meta":{"a": 1}, "b":2}}""", seen[1].Body);
    }

    private static Task<GatewayBench> DecidingAsync(
        PuppetServer server, Func<AuthorizationRequest, PolicyDecision> decide, Func<HttpGatewayOptions, HttpGatewayOptions>? options = null, string delivery = "authorization") =>
        GatewayBench.StartAsync(
            server.Url,
            configuration =>
            {
                configuration["routes"]!["/mcp"]!["policy"] = new JsonObject { ["path"] = "rules" };
                configuration["routes"]!["/mcp"]!["upstream"]!["credential"] = delivery;
            },
            standard => (options?.Invoke(standard) ?? standard) with { OpenPolicy = (_, _, _) => new(new DecidingPolicy(decide)) });

    private static async Task<JsonObject> EventAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonNode.Parse(line[6..])!.AsObject();
            }
        }

        throw new InvalidOperationException("the stream ended");
    }
}
