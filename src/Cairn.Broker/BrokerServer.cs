using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Broker.Endpoints;
using Cairn.Identity.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Cairn.Broker;

/// <summary>A broker over HTTP (docs/spec/credentials.md): tokens, introspection, revocation, keys, metadata. Loopback by default.</summary>
public sealed class BrokerServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BrokerServer(WebApplication app, CredentialBroker broker) => (_app, Broker) = (app, broker);

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>The broker that it serves.</summary>
    public CredentialBroker Broker { get; }

    /// <summary>Serves a broker until cancelled.</summary>
    /// <exception cref="BrokerException">It can't start as asked.</exception>
    public static async Task RunAsync(BrokerServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using var server = await StartAsync(options, cancellationToken);
        options.Broker.Log($"serving credentials of {server.Broker.Settings.Issuer} at {server.Address}; settings: {BrokerDirectory.SettingsPath(Path.GetFullPath(options.Broker.DataPath))}");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            options.Broker.Log("stopping; what was issued and revoked is durable");
        }
    }

    /// <summary>Starts a server; it runs until it is disposed.</summary>
    /// <exception cref="BrokerException">It can't start as asked.</exception>
    public static async Task<BrokerServer> StartAsync(BrokerServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var broker = await CredentialBroker.OpenAsync(options.Broker, cancellationToken);
        try
        {
            var address = AddressOf(options, broker.Settings.Issuer);
            var app = Build(options, address, TlsOf(options, address), broker);
            await app.StartAsync(cancellationToken);
            return new BrokerServer(app, broker);
        }
        catch (Exception e)
        {
            await broker.DisposeAsync();
            throw e is IOException or UnauthorizedAccessException or CryptographicException ? new BrokerException($"credentials can't be served: {e.Message}", e) : e;
        }
    }

    /// <summary>Answers what is under way, closes the port, then the broker.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Broker.DisposeAsync();
    }

    private static Uri AddressOf(BrokerServerOptions options, string issuer)
    {
        var text = options.Url ?? new Uri(issuer).GetLeftPart(UriPartial.Authority);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.AbsolutePath != "/")
        {
            throw new BrokerException($"\"{text}\" is not an address to listen at; expected one such as http://127.0.0.1:7071");
        }

        var isLoopback = address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
        return isLoopback || address.Scheme == "https"
            ? address
            : throw new BrokerException($"{address} is reachable from other machines and has no TLS: tokens could be read on the way. Use https with --tls-certificate and --tls-key, or listen on 127.0.0.1 behind a proxy that has TLS");
    }

    private static TlsIdentity? TlsOf(BrokerServerOptions options, Uri address)
    {
        if (address.Scheme == "http")
        {
            return options.TlsCertificatePath is null ? null : throw new BrokerException($"a TLS certificate is given, and {address} is plain http; expected https");
        }

        return options is { TlsCertificatePath: { } chainPath, TlsKeyPath: { } keyPath }
            ? new TlsIdentity(chainPath, keyPath, ownerOnly: true, options.Broker.Log)
            : throw new BrokerException($"{address} needs a TLS certificate and its key: give --tls-certificate FILE --tls-key FILE");
    }

    private static WebApplication Build(BrokerServerOptions options, Uri address, TlsIdentity? identity, CredentialBroker broker)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "cairn" });
        builder.Logging.ClearProviders(); // the log delegate speaks; request logs could hold tokens
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
            Listen(kestrel, address, listen =>
            {
                if (identity is not null)
                {
                    listen.UseHttps(tls =>
                    {
                        tls.ServerCertificate = identity.Current.TargetCertificate;
                        tls.OnAuthenticate = (_, authentication) => authentication.ServerCertificateContext = identity.Current;
                        PeerCertificates.Accept(tls);
                    });
                }
            });
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddCredentialBroker(broker);
        var app = builder.Build();
        app.UseExceptionHandler(handler => handler.Run(context => FailAsync(context, options.Broker.Log)));
        app.UseCredentialBroker();
        app.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync($"{context.Request.Path} is nothing that a broker has; its endpoints are in /.well-known/oauth-authorization-server\n", context.RequestAborted);
        });
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, Uri address, Action<ListenOptions> configure)
    {
        if (address.Host == "localhost")
        {
            kestrel.ListenLocalhost(address.Port, configure);
        }
        else if (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip))
        {
            kestrel.Listen(ip, address.Port, configure);
        }
        else
        {
            kestrel.ListenAnyIP(address.Port, configure); // a name: the certificate's, not an interface's
        }
    }

    // Nothing that went wrong here makes a request wrong: 503, and the log says what it was.
    private static Task FailAsync(HttpContext context, Action<string> log)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        var isBad = error is BadHttpRequestException;
        if (!isBad)
        {
            log($"{context.Request.Method} {context.Request.Path} failed: {error}");
        }

        context.Response.StatusCode = error is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, string>
            {
                ["error"] = isBad ? "invalid_request" : "temporarily_unavailable",
                ["error_description"] = isBad ? "the request can't be read" : "the broker failed to answer; its log says why",
            },
            context.RequestAborted);
    }
}
