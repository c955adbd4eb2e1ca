using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cairn.HttpGateway.Tests.Harness;

/// <summary>An HTTP server that a test pulls the strings of, byte by byte; it keeps what it was sent.</summary>
internal sealed class PuppetServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PuppetServer(WebApplication app) => _app = app;

    /// <summary>What it was sent, in order of arrival.</summary>
    public ConcurrentQueue<Seen> Seen { get; } = [];

    public Uri Url => new(new Uri(_app.Urls.First()), "/server");

    public static async Task<PuppetServer> StartAsync(Func<HttpContext, string, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var puppet = new PuppetServer(app);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var body = await reader.ReadToEndAsync();
            puppet.Seen.Enqueue(new Seen(context.Request.Method, body, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await answer(context, body);
        });
        await app.StartAsync();
        return puppet;
    }

    /// <summary>A server that answers every request with a result, and everything else with 202.</summary>
    public static Task<PuppetServer> PlainAsync() => StartAsync(static (context, body) =>
        JsonNode.Parse(body)?["id"] is { } id ? JsonAsync(context, Result(id)) : AcceptedAsync(context));

    public static string Result(JsonNode id, string text = "done") =>
        $$$"""{"jsonrpc":"2.0","id":{{{id.ToJsonString()}}},"result":{"content":[{"type":"text","text":"{{{text}}}"}]}}""";

    public static async Task JsonAsync(HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    public static Task AcceptedAsync(HttpContext context)
    {
        context.Response.StatusCode = 202;
        return Task.CompletedTask;
    }

    /// <summary>Begins an event stream.</summary>
    public static async Task EventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
    }

    public static async Task WriteAsync(HttpContext context, string text)
    {
        await context.Response.WriteAsync(text);
        await context.Response.Body.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>A request that a puppet was sent.</summary>
internal sealed record Seen(string Method, string Body, IReadOnlyDictionary<string, string> Headers);
