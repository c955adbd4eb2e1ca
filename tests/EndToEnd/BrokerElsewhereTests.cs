using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
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
        var issuer = $"http://127.0.0.1:{FreePort()}";
        Process? broker = null;
        try
        {
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
            broker = await ServeAsync(folder["data"]);
            await using var server = await WrappedServer.StartAsync(folder["data"], ["--policy", Bundle(folder), "--broker", issuer], WrappedServer.Everything);

            Assert.Contains("with it", Recorded.TextOf(await server.EchoAsync("with it")));
            broker.Kill();
            await broker.WaitForExitAsync(Cancel);
            var refused = await server.EchoAsync("without it");

            Assert.True(refused.IsError);
            Assert.Contains("unavailable", Recorded.TextOf(refused));
            Assert.Equal(0, await server.CloseAsync());
        }
        finally
        {
            broker?.Kill();
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

    private static string Bundle(TemporaryFolder folder)
    {
        var path = Directory.CreateDirectory(folder["bundle"]).FullName;
        File.WriteAllText(
            Path.Combine(path, "bundle.json"),
            """
            {"name":"elsewhere","version":"1","description":"For a test","engine":{"name":"cedar","version":"4.13"},"capture":[{"input":"full"}],
             "credentials":{"echo":{"audience":"https://echo.example","scope":["call"],"ttl":"2m"}}}
            """);
        File.WriteAllText(Path.Combine(path, "entities.json"), "[]");
        File.WriteAllText(Path.Combine(path, "echo.cedar"), """@id("echo") @credential("echo") permit (principal, action, resource);""");
        File.WriteAllText(
            Path.Combine(path, "schema.cedarschema"),
            """
            entity Agent = { trust_domain: String, path: String, owner: String, authenticated: String };
            entity Server;
            entity Tool in [Server];
            type Delegation = { chain: Set<String>, depth: Long, initiator?: String, giver?: String };
            action "tool.call" appliesTo {
              principal: [Agent], resource: [Tool],
              context: {
                name: String, server: String, uri: String,
                delegation: Delegation, scopes: Set<String>, time: datetime, writes?: Bool, approved: Bool,
              },
            };
            """);
        return path;
    }

    private static async Task<Process> ServeAsync(string data)
    {
        var broker = Process.Start(CairnProgram.Start("broker", "serve", "--data", data))!;
        _ = broker.StandardOutput.ReadToEndAsync(Cancel);
        for (var line = await broker.StandardError.ReadLineAsync(Cancel); line is not null; line = await broker.StandardError.ReadLineAsync(Cancel))
        {
            if (line.Contains("http://127.0.0.1", StringComparison.Ordinal))
            {
                _ = broker.StandardError.ReadToEndAsync(Cancel);
                return broker;
            }
        }

        throw new InvalidOperationException("cairn broker serve ended before it served");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
