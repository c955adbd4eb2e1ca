using System.ComponentModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Cairn.HttpGateway.Tests.Harness;

/// <summary>A server of the official C# SDK over HTTP: sessions up to 2025-11-25, none from 2026-07-28 on, on the same endpoint.</summary>
internal sealed class SdkServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SdkServer(WebApplication app) => _app = app;

    public Uri Url => new(new Uri(_app.Urls.First()), "/mcp");

    public static async Task<SdkServer> StartAsync(HttpServerSessionMode mode = HttpServerSessionMode.StatefulForInitializeClients, string? urls = null, Action<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>? kestrel = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => kestrel?.Invoke(options));
        if (kestrel is null)
        {
            builder.WebHost.UseUrls(urls ?? "http://127.0.0.1:0");
        }

        builder.Services
            .AddMcpServer(options => options.ServerInfo = new Implementation { Name = "cairn-test-server", Version = "1.0.0" })
            .WithHttpTransport(options => options.SessionMode = mode)
            .WithTools(
            [
                McpServerTool.Create(Tools.Echo, new() { Name = "echo", ReadOnly = true }),
                McpServerTool.Create(Tools.Fail, new() { Name = "fail", ReadOnly = false, Destructive = true }),
                McpServerTool.Create(Tools.Refuse, new() { Name = "refuse" }),
                McpServerTool.Create(Tools.Picture, new() { Name = "picture" }),
                McpServerTool.Create(Tools.StepsAsync, new() { Name = "steps" }),
                McpServerTool.Create(Tools.WaitAsync, new() { Name = "wait" }),
                McpServerTool.Create(Tools.Confirm, new() { Name = "confirm" }),
                McpServerTool.Create(Tools.Trace, new() { Name = "trace" }),
            ])
            .WithResources([McpServerResource.Create(() => "the text", new() { UriTemplate = "test://text", Name = "text" })])
            .WithPrompts([McpServerPrompt.Create((string topic) => $"Tell me about {topic}.", new() { Name = "tell" })]);
        var app = builder.Build();
        app.MapMcp("/mcp");
        await app.StartAsync();
        return new SdkServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private static class Tools
    {
        [Description("Answers with its text.")]
        public static string Echo(string text) => text;

        public static string Fail() => throw new InvalidOperationException("this tool always fails");

        public static string Refuse() => throw new McpProtocolException("not allowed", McpErrorCode.InvalidParams);

        public static ContentBlock Picture() => ImageContentBlock.FromBytes(new byte[] { 0x89, 0x50, 0x4e, 0x47, 0, 255, 10, 13 }, "image/png");

        public static async Task<string> StepsAsync(int count, IProgress<ProgressNotificationValue> progress)
        {
            for (var i = 1; i <= count; i++)
            {
                progress.Report(new ProgressNotificationValue { Progress = i, Total = count, Message = $"step {i}" });
                await Task.Delay(20);
            }

            return $"{count} steps";
        }

        public static async Task<string> WaitAsync(CancellationToken ct)
        {
            await Task.Delay(TimeSpan.FromSeconds(30), ct);
            return "waited";
        }

        /// <summary>Asks the user first: by a multi-round-trip request, or by the SDK's elicitation where the revision has none.</summary>
        public static string Confirm(RequestContext<CallToolRequestParams> context)
        {
            if (context.Params?.InputResponses is { } responses)
            {
                var answer = responses["sure"].Deserialize(InputResponse.ElicitResultJsonTypeInfo);
                return $"{context.Params.RequestState}: {answer?.Action}";
            }

            throw new InputRequiredException(
                new Dictionary<string, InputRequest>
                {
                    ["sure"] = InputRequest.ForElicitation(new ElicitRequestParams { Message = "Are you sure?", RequestedSchema = new() }),
                },
                "asked once");
        }

        public static string Trace(RequestContext<CallToolRequestParams> context) => context.Params?.Meta?["traceparent"]?.ToString() ?? "none";
    }
}
