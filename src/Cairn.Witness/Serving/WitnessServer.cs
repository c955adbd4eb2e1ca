using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence.Witnessing;
using Cairn.Identity.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cairn.Witness.Serving;

/// <summary>A witness over HTTP (C2SP tlog-witness): submission and monitoring prefix are the address itself.</summary>
public sealed class WitnessServer : IAsyncDisposable
{
    private const int MostHistory = 1000;
    private readonly WebApplication _app;
    private readonly Cosigner _cosigner;

    private WitnessServer(WebApplication app, Cosigner cosigner) => (_app, _cosigner) = (app, cosigner);

    /// <summary>Where it listens, with the port that port 0 became.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>The origins of the logs that it cosigns.</summary>
    public IReadOnlyCollection<string> Origins => _cosigner.Origins;

    /// <summary>Starts a witness; it runs until it is disposed.</summary>
    /// <exception cref="WitnessException">It can't start as asked.</exception>
    public static async Task<WitnessServer> StartAsync(WitnessServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var cosigner = Cosigner.Open(WitnessDirectory.Open(options.Path), options.Logs, options.Time, options.Log, options.Retired);
        try
        {
            var app = Build(options);
            Map(app, cosigner);
            await app.StartAsync(cancellationToken);
            return new WitnessServer(app, cosigner);
        }
        catch (Exception problem)
        {
            cosigner.Dispose();
            throw problem is IOException or CryptographicException or UnauthorizedAccessException
                ? new WitnessException($"the witness can't listen at {options.Url}: {problem.Message}", problem)
                : problem;
        }
    }

    /// <summary>Answers what is under way, closes the port, then the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _cosigner.Dispose();
    }

    private static WebApplication Build(WitnessServerOptions options)
    {
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.AbsolutePath != "/")
        {
            throw new WitnessException($"\"{options.Url}\" is not an address to listen at; expected one such as http://127.0.0.1:7080");
        }

        if (url.Scheme == "https" != (options.CertificatePath is not null && options.CertificateKeyPath is not null))
        {
            throw new WitnessException("an https address needs a certificate and its key, and an http address takes none");
        }

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "cairn" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls(options.Url).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = AddCheckpointRequest.MaxBytes;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            if (options.CertificatePath is { } certificate)
            {
                var identity = new TlsIdentity(certificate, options.CertificateKeyPath!, ownerOnly: false, options.Log);
                kestrel.ConfigureHttpsDefaults(https =>
                {
                    https.ServerCertificate = identity.Current.TargetCertificate;
                    https.OnAuthenticate = (_, authentication) => authentication.ServerCertificateContext = identity.Current;
                });
            }
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        var app = builder.Build();
        app.UseExceptionHandler(handler => handler.Run(context => FailAsync(context, options)));
        return app;
    }

    private static void Map(WebApplication app, Cosigner cosigner)
    {
        app.MapPost("/add-checkpoint", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            return Give(cosigner.Add(body.GetBuffer().AsSpan(0, (int)body.Length)));
        });
        app.MapGet("/{hash}/checkpoint", (HttpContext context, string hash) =>
        {
            context.Response.Headers.CacheControl = "no-cache";
            return cosigner.Latest(hash) is { } note ? Text(note.Encode()) : Nothing("this witness has cosigned no checkpoint of such a log");
        });
        app.MapGet("/{hash}/checkpoint/{size:long:min(0)}", (string hash, long size) =>
            cosigner.At(hash, size) is { } note ? Text(note.Encode()) : Nothing("this witness has cosigned no checkpoint of that size"));
        app.MapGet("/{hash}/history", (string hash, long? from) =>
            cosigner.History(hash, Math.Max(0, from ?? 0), MostHistory) is { } lines ? Text(System.Text.Encoding.ASCII.GetBytes(lines)) : Nothing("this witness does not know such a log"));
        app.MapGet("/healthz", () => Text("ok\n"u8.ToArray()));
    }

    private static Answer Give(WitnessAnswer answer) => new Answer(answer.Status, answer.Body, answer.ContentType);

    private static Answer Text(byte[] body) => Give(new WitnessAnswer(200, body));

    private static Answer Nothing(string reason) => Give(new WitnessAnswer(404, System.Text.Encoding.UTF8.GetBytes(reason + "\n")));

    private static Task FailAsync(HttpContext context, WitnessServerOptions options)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        if (error is BadHttpRequestException bad)
        {
            return new Answer(bad.StatusCode, System.Text.Encoding.UTF8.GetBytes(bad.Message + "\n"), "text/plain; charset=utf-8").ExecuteAsync(context);
        }

        options.Log($"{context.Request.Method} {context.Request.Path} failed: {(error is SqliteException sqlite ? $"the memory can't be written now: {sqlite.Message}" : error)}");
        context.Response.Headers.RetryAfter = "5";
        return new Answer(503, "the witness can't do this now; its log says why\n"u8.ToArray(), "text/plain; charset=utf-8").ExecuteAsync(context);
    }

    private sealed class Answer(int status, ReadOnlyMemory<byte> body, string type) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = type;
            httpContext.Response.ContentLength = body.Length;
            await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
        }
    }
}
