using Cairn.Evidence.Records;

namespace Cairn.EndToEnd;

/// <summary>The broker as a process of its own, asked over HTTP by the gateway in front of a real server.</summary>
public class BrokerElsewhereTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Broker_that_is_killed_refuses_the_calls_that_need_it_and_the_evidence_says_so()
    {
        using var folder = new TemporaryFolder();
        var issuer = $"http://127.0.0.1:{RunningCairn.FreePort()}";
        await using (var first = await WrappedServer.EverythingAsync(folder["data"]))
        {
            await first.CloseAsync();
        }

        Directory.CreateDirectory(folder["data/broker"]);
        await File.WriteAllTextAsync(
            folder["data/broker/broker.json"],
            $$"""
            {"issuer":"{{issuer}}","gateways":["spiffe://cairn.local/gateway/*"],
             "workloads":[{"id":"spiffe://cairn.local/agent/*","audience":["https://echo.example"],"scope":["call"],"ttl_s":300}]}
            """,
            Cancel);
        await using var broker = await RunningCairn.StartAsync(issuer, "broker", "serve", "--data", folder["data"]);
        await using (var server = await WrappedServer.StartAsync(folder["data"], ["--policy", Bundle(folder), "--broker", issuer], WrappedServer.Everything))
        {
            Assert.Contains("with it", Recorded.TextOf(await server.EchoAsync("with it")));
            await broker.KillAsync();
            var refused = await server.EchoAsync("without it");

            Assert.True(refused.IsError);
            Assert.Contains("unavailable", Recorded.TextOf(refused));
            Assert.Equal(0, await server.CloseAsync());
        }

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Empty(RecordSchemas.Errors(records));
        Assert.Single(records, record => record.Kind == RecordKinds.CredentialIssued);
        var used = Assert.Single(records, record => record.Kind == RecordKinds.CredentialUsed);
        Assert.Equal("dpop", used.Body.GetProperty("proof").GetString());
        var outcomes = records.Where(record => record.Kind == RecordKinds.ActionCompleted).ToList();
        Assert.Equal(["ok", "refused"], outcomes.Select(record => record.Body.GetProperty("status").GetString()));
        Assert.Equal("credential_refused", outcomes[1].Body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Address_that_is_none_is_named_and_nothing_starts()
    {
        using var folder = new TemporaryFolder();

        var outcome = await CairnProgram.RunAsync(["mcp", "--data", folder["data"], "--policy", Bundle(folder), "--broker", "nowhere", "--", "touch", folder["started"]]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("--broker takes the issuer of a broker", outcome.Messages);
        Assert.False(File.Exists(folder["started"]));
    }

    private static string Bundle(TemporaryFolder folder) => ToolBundle.Write(
        folder, """@id("echo") @credential("echo") permit (principal, action, resource);""", """{"echo":{"audience":"https://echo.example","scope":["call"],"ttl":"2m"}}""");
}
