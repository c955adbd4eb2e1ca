using System.Net;
using Cairn.Broker.Tests.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cairn.Broker.Tests.Guarding;

/// <summary>A real HTTP service on loopback that serves only who shows a credential of the broker.</summary>
internal sealed class ProtectedUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DpopGuard _guard;
    private readonly HttpClient _http = new();

    private ProtectedUpstream(WebApplication app, DpopGuard guard) => (_app, _guard) = (app, guard);

    public Uri Address => new(_app.Urls.First());

    public static async Task<ProtectedUpstream> StartAsync(DpopGuardOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var guard = new DpopGuard(options);
        app.UseDpopGuard(guard);
        app.MapGet("/pay", context => context.Response.WriteAsync($"paid for {DpopGuardMiddleware.CallerOf(context).Subject} by {string.Join(',', DpopGuardMiddleware.CallerOf(context).Actors)}"));
        app.MapPost("/pay", context => context.Response.WriteAsync("posted"));
        await app.StartAsync(BrokerBench.Cancel);
        return new ProtectedUpstream(app, guard);
    }

    public async Task<Answer> SendAsync(HttpMethod method, string? scheme, string? token, params string[] proofs)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, "/pay?amount=5"));
        if (scheme is not null)
        {
            request.Headers.Authorization = new(scheme, token);
        }

        foreach (var proof in proofs)
        {
            request.Headers.Add("DPoP", proof);
        }

        return await Answer.OfAsync(await _http.SendAsync(request, BrokerBench.Cancel));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _guard.Dispose();
        _http.Dispose();
    }
}
