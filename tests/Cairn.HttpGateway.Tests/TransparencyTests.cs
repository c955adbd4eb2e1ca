using System.Runtime.CompilerServices;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;
using Cairn.HttpGateway.Tests.Harness;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.HttpGateway.Tests;

/// <summary>The official SDK's client sees the same of a real server with the gateway between them and without, in every revision.</summary>
public sealed class TransparencyTests
{
    public static TheoryData<string> Revisions => ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task Client_sees_the_same_everything_server_through_the_gateway(string revision)
    {
        await using var server = await NodeServer.EverythingAsync();

        await SameAsync(revision, server.Url, async (client, transcript) =>
        {
            await transcript.CommonAsync(client);
            await transcript.CallAsync(client, "echo", new { message = "héllo \u2028 \U0001F600 \0 \"quoted\" \\ /" });
            await transcript.CallAsync(client, "echo", new { wrong = 1 });
            await transcript.CallAsync(client, "get-tiny-image");
            await transcript.CallAsync(client, "get-structured-content", new { location = "Chicago" });
            await transcript.CallAsync(client, "trigger-sampling-request", new { prompt = "p", maxTokens = 7 });
            await transcript.CallAsync(client, "trigger-elicitation-request");
            await transcript.ProgressAsync(client, """{"name":"trigger-long-running-operation","arguments":{"duration":0.2,"steps":4},"_meta":{"progressToken":"p"}}""", 4);
            await transcript.NoteAsync("prompt", async () => await client.GetPromptAsync("args-prompt", new Dictionary<string, object?> { ["city"] = "Oslo" }));
            await transcript.NoteAsync("complete", async () => await client.CompleteAsync(new PromptReference { Name = "completable-prompt" }, "department", "E"));
            await transcript.NoteAsync("resource", async () => await client.ReadResourceAsync("demo://resource/static/document/features.md"));
        }, speaks: revision != "2026-07-28");
    }

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task Client_sees_the_same_sdk_server_through_the_gateway(string revision)
    {
        await using var server = await SdkServer.StartAsync();

        await SameAsync(revision, server.Url, async (client, transcript) =>
        {
            await transcript.CommonAsync(client);
            await transcript.CallAsync(client, "echo", new { text = "hello" });
            await transcript.CallAsync(client, "fail");
            await transcript.CallAsync(client, "refuse");
            await transcript.CallAsync(client, "picture");
            await transcript.CallAsync(client, "confirm");
            await transcript.ProgressAsync(client, """{"name":"steps","arguments":{"count":3},"_meta":{"progressToken":"p"}}""", 3);
            await transcript.NoteAsync("prompt", async () => await client.GetPromptAsync("tell", new Dictionary<string, object?> { ["topic"] = "cairns" }));
            await transcript.NoteAsync("resource", async () => await client.ReadResourceAsync("test://text"));
            transcript.Note(await CancelledAsync(client));
        });
    }

    private static async Task<string> CancelledAsync(McpClient client)
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.CallToolAsync("wait", cancellationToken: cancel.Token).AsTask());
        return "cancelled";
    }

    private static async Task SameAsync(string revision, Uri server, Func<McpClient, Transcript, Task> story, bool speaks = true, [CallerMemberName] string name = "")
    {
        var direct = new Transcript();
        await TellAsync(direct, revision, server, name, story);
        var through = new Transcript();
        await using var bench = await GatewayBench.StartAsync(server);
        await TellAsync(through, revision, bench["/mcp"], name, story);
        await bench.Gateway.StopAsync();

        Assert.Equal(direct.Lines, through.Lines);
        Assert.True(direct.Lines.Count > 1 || !speaks, direct.Lines[0]);
        Assert.Equal(direct.Lines.Any(l => l.StartsWith("call ", StringComparison.Ordinal)), bench.Records.Any(r => r.Kind == RecordKinds.ActionRequested));
        Assert.DoesNotContain(bench.Records, r => r.Kind == RecordKinds.GapDeclared);
        RecordChecks.Hold(bench.Records);
    }

    private static async Task TellAsync(Transcript transcript, string revision, Uri url, string name, Func<McpClient, Transcript, Task> story)
    {
        try
        {
            var transport = new HttpClientTransport(new HttpClientTransportOptions
            {
                Endpoint = url,
                Name = name,
                TransportMode = HttpTransportMode.StreamableHttp,
                AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {GatewayBench.Token}" },
            });
            await using var client = await McpClient.CreateAsync(transport, Transcript.ClientOptions(revision, hasRoots: false));
            await story(client, transcript);
        }
        catch (Exception e) when (e is McpException or HttpRequestException)
        {
            transcript.Note($"no conversation: {e.GetType().Name}");
        }
    }
}
