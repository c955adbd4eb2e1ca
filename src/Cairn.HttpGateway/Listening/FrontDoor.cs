using System.Diagnostics.CodeAnalysis;
using System.Net;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Exchanges;
using Cairn.HttpGateway.Replies;
using Cairn.HttpGateway.Sessions;
using Microsoft.AspNetCore.Http;

namespace Cairn.HttpGateway.Listening;

/// <summary>What every request passes first: host and origin, health, room, route, caller.</summary>
internal sealed class FrontDoor(
    GatewayConfiguration configuration, IReadOnlyDictionary<string, RouteEndpoint> endpoints, CallerAuthenticator authenticator, TextWriter log, CancellationToken stopping)
{
    private int _requests;

    [SuppressMessage("Design", "CA1031", Justification = "A failure of the gateway's own is answered and logged; the process serves the other callers.")]
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _requests) > configuration.Limits.Requests)
            {
                await Problem.WriteAsync(context, 503, "busy", "too many requests are under way").ConfigureAwait(false);
                return;
            }

            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (CallerRejectedException e)
        {
            await log.WriteLineAsync($"cairn: {context.Connection.RemoteIpAddress} at {context.Request.Path}: {e.Message}").ConfigureAwait(false);
            await Problem.WriteAsync(context, e.Status, e.Code, e.Message, e.TokenError).ConfigureAwait(false);
        }
        catch (TooManySessionsException e)
        {
            await Problem.WriteAsync(context, 503, "too_many_sessions", e.Message).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await Problem.WriteAsync(context, e.StatusCode, "request", e.Message).ConfigureAwait(false);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is IOException or OperationCanceledException)
        {
            // The caller is gone: nobody is to be answered, and what happened to its call is recorded.
        }
        catch (Exception e)
        {
            await log.WriteLineAsync($"cairn: {context.Request.Method} {context.Request.Path} failed: {e}").ConfigureAwait(false);
            await Problem.WriteAsync(context, 500, "gateway_failed", "the gateway failed; its log says why").ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        if (ListenerOf(context) is not { } listener || !IsServed(listener, context.Request.Host))
        {
            await Problem.WriteAsync(context, 421, "unknown_host", "this host is not served here; the configuration's \"hosts\" names those that are").ConfigureAwait(false);
            return;
        }

        if (!MaySend(listener, context.Request.Headers.Origin))
        {
            await Problem.WriteAsync(context, 403, "unknown_origin", "pages of this origin may not call; the configuration's \"origins\" names those that may").ConfigureAwait(false);
            return;
        }

        var path = context.Request.Path.Value ?? "/";
        if (path == configuration.HealthPath)
        {
            await HealthAsync(context).ConfigureAwait(false);
            return;
        }

        if (!endpoints.TryGetValue(path, out var endpoint))
        {
            await Problem.WriteAsync(context, 404, "no_such_route", "there is nothing at this path").ConfigureAwait(false);
            return;
        }

        var caller = await authenticator.AuthenticateAsync(context, endpoint.Route).ConfigureAwait(false);
        if (stopping.IsCancellationRequested)
        {
            await Problem.WriteAsync(context, 503, "stopping", "the gateway is about to end").ConfigureAwait(false);
        }
        else if (HttpMethods.IsPost(context.Request.Method))
        {
            await new PostExchange(endpoint, context, caller).RunAsync().ConfigureAwait(false);
        }
        else if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsDelete(context.Request.Method))
        {
            await new StreamExchange(endpoint, context, caller).RunAsync().ConfigureAwait(false);
        }
        else
        {
            context.Response.Headers.Allow = "GET, POST, DELETE";
            await Problem.WriteAsync(context, 405, "method", "an MCP endpoint takes POST, GET and DELETE").ConfigureAwait(false);
        }
    }

    /// <summary>Says whether calls are taken, and nothing else: no name, no number.</summary>
    private async Task HealthAsync(HttpContext context)
    {
        context.Response.StatusCode = stopping.IsCancellationRequested ? 503 : 200;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(stopping.IsCancellationRequested ? "{\"status\":\"stopping\"}" : "{\"status\":\"ok\"}", context.RequestAborted).ConfigureAwait(false);
    }

    private Listener? ListenerOf(HttpContext context)
    {
        var (address, port) = (context.Connection.LocalIpAddress, context.Connection.LocalPort);
        var mapped = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return configuration.Listeners.FirstOrDefault(l => (l.Address.Port == port || l.Address.Port == 0)
            && (l.Address.Address.Equals(mapped) || l.Address.Address.Equals(IPAddress.Any) || l.Address.Address.Equals(IPAddress.IPv6Any)));
    }

    /// <summary>A page whose name was made to point here sends its own name (DNS rebinding): such a name is none of ours.</summary>
    private static bool IsServed(Listener listener, HostString host) =>
        host.HasValue && listener.Hosts.Contains(host.Host, StringComparer.OrdinalIgnoreCase);

    private static bool MaySend(Listener listener, Microsoft.Extensions.Primitives.StringValues origins)
    {
        foreach (var origin in origins)
        {
            var isKnown = listener.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase)
                || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Scheme is "http" or "https" && listener.Hosts.Contains(from.Host, StringComparer.OrdinalIgnoreCase));
            if (!isKnown)
            {
                return false;
            }
        }

        return true;
    }
}
