using System.Runtime.CompilerServices;
using Cairn.Gateway.Tests.Harness;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Gateway.Tests;

/// <summary>The official SDK's client sees the same of a real server with the gateway between them and without, in every revision.</summary>
public sealed class TransparencyTests
{
    public static TheoryData<string> Revisions => ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task Client_sees_the_same_everything_server_through_the_gateway(string revision)
    {
        string[] arguments = [TestPaths.NodeModule("@modelcontextprotocol/server-everything/dist/index.js")];

        await SameAsync(revision, "node", arguments, async (client, transcript) =>
        {
            await transcript.CommonAsync(client);
            await transcript.CallAsync(client, "echo", new { message = "héllo \u2028 \U0001F600 \0 \"quoted\" \\ /" });
            await transcript.CallAsync(client, "echo", new { wrong = 1 });
            await transcript.CallAsync(client, "get-sum", new { a = 1e300, b = 0.1 });
            await transcript.CallAsync(client, "get-tiny-image");
            await transcript.RawAsync(client, "tools/call", """{"name":"get-annotated-message","arguments":{"messageType":"error","includeImage":true}}""");
            await transcript.CallAsync(client, "get-structured-content", new { location = "Chicago" });
            await transcript.CallAsync(client, "get-resource-links", new { count = 4 });
            await transcript.CallAsync(client, "get-resource-reference", new { resourceType = "Text", resourceId = 1 });
            await transcript.CallAsync(client, "get-roots-list");
            await transcript.CallAsync(client, "trigger-sampling-request", new { prompt = "p", maxTokens = 7 });
            await transcript.CallAsync(client, "trigger-elicitation-request");
            await transcript.ProgressAsync(client, """{"name":"trigger-long-running-operation","arguments":{"duration":0.2,"steps":4},"_meta":{"progressToken":"p"}}""", 4);
            await transcript.NoteAsync("prompt", async () => await client.GetPromptAsync("simple-prompt"));
            await transcript.NoteAsync("prompt", async () => await client.GetPromptAsync("args-prompt", new Dictionary<string, object?> { ["city"] = "Oslo" }));
            await transcript.NoteAsync("no prompt", async () => await client.GetPromptAsync("none"));
            await transcript.NoteAsync("complete", async () => await client.CompleteAsync(new PromptReference { Name = "completable-prompt" }, "department", "E"));
            await transcript.NoteAsync("resource", async () => await client.ReadResourceAsync("demo://resource/static/document/features.md"));
        });
    }

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task Client_sees_the_same_filesystem_server_through_the_gateway(string revision)
    {
        var folder = TestPaths.Scratch();
        await File.WriteAllTextAsync(Path.Combine(folder, "a.txt"), "first\nsecond\n", TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, "b.png"), [0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255], TestContext.Current.CancellationToken);
        string[] arguments = [TestPaths.NodeModule("@modelcontextprotocol/server-filesystem/dist/index.js"), folder];

        await SameAsync(revision, "node", arguments, async (client, transcript) =>
        {
            File.Delete(Path.Combine(folder, "c.txt"));
            await transcript.CommonAsync(client);
            await transcript.CallAsync(client, "list_directory", new { path = folder });
            await transcript.CallAsync(client, "read_text_file", new { path = Path.Combine(folder, "a.txt") });
            await transcript.CallAsync(client, "read_media_file", new { path = Path.Combine(folder, "b.png") });
            await transcript.CallAsync(client, "write_file", new { path = Path.Combine(folder, "c.txt"), content = "written\r\n" });
            await transcript.CallAsync(client, "read_text_file", new { path = Path.Combine(folder, "c.txt") });
            await transcript.CallAsync(client, "read_text_file", new { path = "/etc/passwd" });
        }, hasRoots: false);

        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task Client_sees_the_same_sdk_server_through_the_gateway(string revision)
    {
        await SameAsync(revision, TestServer, [], async (client, transcript) =>
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

    [Fact]
    public async Task Client_gets_a_ten_megabyte_result_through_the_gateway()
    {
        await using var harness = await GatewayHarness.PuppetAsync();

        var answer = await harness.CallAsync("big", new() { ["bytes"] = 10_000_000 });

        Assert.Equal(10_000_000, ((string)answer["result"]!["content"]![0]!["text"]!).Length);
    }

    private static string TestServer =>
        Path.Combine(TestPaths.Root, "tests", "Cairn.Gateway.TestServer", "bin", Configuration, "net10.0", "Cairn.Gateway.TestServer");

    /// <summary>The configuration that these tests are built in: the server is built with them.</summary>
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private static async Task<string> CancelledAsync(McpClient client)
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var call = client.CallToolAsync("wait", cancellationToken: cancel.Token).AsTask();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        return "cancelled";
    }

    /// <summary>Runs the same story directly and through a gateway and compares what the client saw.</summary>
    private static async Task SameAsync(
        string revision, string command, string[] arguments, Func<McpClient, Transcript, Task> story, bool hasRoots = true, [CallerMemberName] string name = "")
    {
        var direct = new Transcript();
        await TellAsync(direct, revision, new StdioClientTransport(new() { Command = command, Arguments = arguments, Name = name, ShutdownTimeout = TimeSpan.FromSeconds(2) }), story, hasRoots);
        var through = new Transcript();
        await using var harness = await GatewayHarness.StartAsync(command, arguments);
        await TellAsync(through, revision, harness.ClientTransport(), story, hasRoots);

        Assert.Equal(direct.Lines, through.Lines);
        Assert.True(direct.Lines.Count > 1 || (command == "node" && revision == "2026-07-28"), direct.Lines[0]);
        Assert.Equal(direct.Lines.Any(l => l.StartsWith("call ", StringComparison.Ordinal)), harness.Records.Any(r => r.Kind == "action.requested"));
        Assert.DoesNotContain(harness.Records, r => r.Kind == "gap.declared");
    }

    private static async Task TellAsync(Transcript transcript, string revision, IClientTransport transport, Func<McpClient, Transcript, Task> story, bool hasRoots)
    {
        try
        {
            await using var client = await McpClient.CreateAsync(transport, Transcript.ClientOptions(revision, hasRoots));
            await story(client, transcript);
        }
        catch (Exception e) when (e is McpException)
        {
            transcript.Note($"no conversation: {e.GetType().Name} {e.Message}");
        }
    }
}
