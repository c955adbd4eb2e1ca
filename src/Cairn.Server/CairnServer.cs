using System.Net;
using Cairn.Identity;
using Cairn.Identity.Enrolment;
using Cairn.Ledger;
using Cairn.Server.Access;
using Cairn.Server.Ingest;
using Cairn.Server.Reading;
using Cairn.Server.Scitt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cairn.Server;

/// <summary>A ledger over HTTP: ingest, receipts, the static log, enrolment (docs/spec/http-api.md). Loopback by default.</summary>
public sealed class CairnServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly EmbeddedLedger _ledger;
    private readonly LocalAuthority _authority;
    private readonly StatementRoute _statements;
    private readonly Enrolments _enrolments;
    private readonly EnrolmentTrail _trail;

    private readonly Stamping _stamping;
    private readonly ReceiptDesk _desk;

    private CairnServer(
        WebApplication app, EmbeddedLedger ledger, LocalAuthority authority, StatementRoute statements, Enrolments enrolments, EnrolmentTrail trail, Stamping stamping, ReceiptDesk desk) =>
        (_app, _ledger, _authority, _statements, _enrolments, _trail, _stamping, _desk) = (app, ledger, authority, statements, enrolments, trail, stamping, desk);

    /// <summary>Where it listens, with the port that port 0 became.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Starts a server and keeps it until cancelled.</summary>
    /// <exception cref="CairnServerException">It can't start as asked.</exception>
    public static async Task RunAsync(CairnServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using var server = await StartAsync(options, cancellationToken);
        options.Log($"serving {Path.GetFullPath(options.DataPath)} at {server.Address}; emitters join with the token in {ServerTokens.EnrolPath(options.DataPath)}{(options.Open ? "; reading is open" : $", readers use {ServerTokens.ReadPath(options.DataPath)}")}");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            options.Log("stopping; what was acknowledged is durable");
        }
    }

    /// <summary>Starts a server; it runs until it is disposed.</summary>
    /// <exception cref="CairnServerException">It can't start as asked.</exception>
    public static async Task<CairnServer> StartAsync(CairnServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckAddress(options);
        EmbeddedLedger? ledger = null;
        LocalAuthority? authority = null;
        ReceiptDesk? desk = null;
        try
        {
            var directory = LedgerDirectory.OpenOrCreate(options.DataPath, time: options.Time);
            authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain, options.Time);
            ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Time = options.Time, Log = line => options.Log(line.StartsWith("cairn: ", StringComparison.Ordinal) ? line[7..] : line) }, cancellationToken);
            var tokens = ServerTokens.OpenOrCreate(directory.Root);
            var enrolments = new Enrolments(directory.Root, key => RevokedKeys.Refuses(directory.KeysPath, key));
            var trail = new EnrolmentTrail(directory, ledger, authority, options);
            var statements = new StatementRoute(ledger);
            var app = Build(options);
            statements.Map(app);
            new EnrolmentRoute(options, authority, directory.TrustPolicy(), tokens, new JoinTokens(directory.KeysPath, options.Time), enrolments, trail).Map(app);
            var readers = new Readers(options, tokens, enrolments);
            desk = new ReceiptDesk(directory, ledger);
            new ReadingRoutes(options, directory, ledger, readers).Map(app);
            new ScittRoutes(options, ledger, desk, readers).Map(app);
            await app.StartAsync(cancellationToken);
            return new CairnServer(app, ledger, authority, statements, enrolments, trail, new Stamping(directory, ledger, options), desk);
        }
        catch (Exception e)
        {
            authority?.Dispose();
            desk?.Dispose();
            if (ledger is not null)
            {
                await ledger.DisposeAsync();
            }

            if (e is LedgerDirectoryException or AuthorityException or IOException or UnauthorizedAccessException or TimeoutException)
            {
                throw new CairnServerException($"can't serve {options.DataPath} at {options.Url}: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>Answers what is under way, closes the port, then the ledger.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stamping.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _trail.DisposeAsync();
        await _ledger.DisposeAsync();
        _authority.Dispose();
        _statements.Dispose();
        _enrolments.Dispose();
        _desk.Dispose();
    }

    private static void CheckAddress(CairnServerOptions options)
    {
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.AbsolutePath != "/")
        {
            throw new CairnServerException($"\"{options.Url}\" is not an address to listen at; expected one such as http://127.0.0.1:7070");
        }

        var isLoopback = url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
        if (options.Open && !isLoopback)
        {
            throw new CairnServerException($"reading can be open on a loopback address only, and {options.Url} is none; leave out --open and give readers the token");
        }

        if (!isLoopback && url.Scheme == "http")
        {
            options.Log($"{options.Url} is reachable from other machines without TLS: tokens can be read on the way. Put a TLS proxy in front");
        }
    }

    private static WebApplication Build(CairnServerOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "cairn" });
        builder.Logging.ClearProviders(); // the log delegate speaks; request logs would hold tokens' neighbours
        builder.WebHost.UseUrls(options.Url).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddProblemDetails();
        var app = builder.Build();
        app.UseExceptionHandler(handler => handler.Run(context => FailAsync(context, options)));
        app.UseStatusCodePages(context => context.HttpContext.Response.StatusCode is var status and (404 or 405)
            ? Problems.Problem(status, "no-such-resource", $"{context.HttpContext.Request.Method} {context.HttpContext.Request.Path} is nothing that this server has").ExecuteAsync(context.HttpContext)
            : Task.CompletedTask);
        return app;
    }

    // Nothing that went wrong here makes a statement wrong: 503, and the log says what it was.
    private static Task FailAsync(HttpContext context, CairnServerOptions options)
    {
        var error = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        if (error is BadHttpRequestException bad)
        {
            return Problems.Problem(bad.StatusCode, "request", bad.Message).ExecuteAsync(context);
        }

        options.Log($"{context.Request.Method} {context.Request.Path} failed: {error}");
        return Problems.Unavailable("the server failed to answer; its log says why").ExecuteAsync(context);
    }
}
