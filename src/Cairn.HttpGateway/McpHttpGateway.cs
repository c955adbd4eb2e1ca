using System.Net;
using System.Security.Authentication;
using Cairn.Gateway.Authority;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Exchanges;
using Cairn.HttpGateway.Listening;
using Cairn.HttpGateway.Sessions;
using Cairn.HttpGateway.Upstreams;
using Cairn.Identity.Bundles;
using Cairn.Identity.Files;
using Cairn.Policy;
using Cairn.Sdk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cairn.HttpGateway;

/// <summary>
/// A reverse proxy for MCP servers that speak streamable HTTP: it knows who calls, decides, records, passes on and records
/// again. docs/http-gateway.md says what is captured and what passes unchanged.
/// </summary>
public sealed class McpHttpGateway : IAsyncDisposable
{
    private readonly HttpGatewayOptions _options;
    private readonly Emitter _emitter;
    private readonly WebApplication _app;
    private readonly SessionTable _sessions;
    private readonly GatewayTrail _own;
    private readonly List<object> _owned;
    private readonly CancellationTokenSource _stopping;
    private readonly CancellationTokenSource _stopped;
    private int _isStopped;

    private McpHttpGateway(
        HttpGatewayOptions options, Emitter emitter, WebApplication app, SessionTable sessions, GatewayTrail own, List<object> owned, CancellationTokenSource stopping, CancellationTokenSource stopped) =>
        (_options, _emitter, _app, _sessions, _own, _owned, _stopping, _stopped) = (options, emitter, app, sessions, own, owned, stopping, stopped);

    /// <summary>Where it listens, with the ports that port 0 became, in the configuration's order.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _app.Urls.Select(url => new Uri(url))];

    /// <summary>Starts a gateway and keeps it until told to end; then calls may finish within the grace, and the evidence is flushed.</summary>
    /// <param name="options">What it stands on.</param>
    /// <param name="emitter">Delivers the records. Not disposed.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="cancellationToken">Told to end.</param>
    /// <exception cref="ConfigurationException">It can't run as configured.</exception>
    public static async Task RunAsync(HttpGatewayOptions options, Emitter emitter, ITrailKeys keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using var gateway = await StartAsync(options, emitter, keys, cancellationToken).ConfigureAwait(false);
        await options.Log.WriteLineAsync($"cairn: gateway at {string.Join(", ", gateway.Addresses)} for {string.Join(", ", options.Configuration.Routes.Select(r => r.Path))}").ConfigureAwait(false);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await options.Log.WriteLineAsync("cairn: stopping; calls under way may finish").ConfigureAwait(false);
        }

        await gateway.StopAsync().ConfigureAwait(false);
    }

    /// <summary>Starts a gateway; it runs until it is stopped or disposed.</summary>
    /// <exception cref="ConfigurationException">It can't run as configured.</exception>
    public static async Task<McpHttpGateway> StartAsync(HttpGatewayOptions options, Emitter emitter, ITrailKeys keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(emitter);
        ArgumentNullException.ThrowIfNull(keys);
        var owned = new List<object>();
        try
        {
            return await BuildAsync(options with { Log = TextWriter.Synchronized(options.Log) }, emitter, keys, owned, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAllAsync(owned).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Ends in order: no further call is taken and streams end; calls under way have the grace, then they are ended and
    /// recorded as lost; then every session's task is ended, and the evidence delivered as far as the ledger takes it in time.
    /// </summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _stopped.CancelAfter(_options.Configuration.Timeouts.Grace);
        await _app.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _sessions.EndAllAsync("done", "the gateway was told to end").ConfigureAwait(false);
        _own.End();
        using var patience = new CancellationTokenSource(_options.Configuration.Timeouts.Flush, _options.Time);
        try
        {
            await _emitter.FlushAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or EvidenceUnavailableException)
        {
            await _options.Log.WriteLineAsync("cairn: the ledger did not take all evidence in time; the rest is spooled and delivered by the next run").ConfigureAwait(false);
        }
    }

    /// <summary>Stops it, if that has not been done.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await DisposeAllAsync(_owned).ConfigureAwait(false);
    }

    private static async Task<McpHttpGateway> BuildAsync(HttpGatewayOptions options, Emitter emitter, ITrailKeys keys, List<object> owned, CancellationToken cancellationToken)
    {
        var configuration = options.Configuration;
        var (stopping, stopped) = (new CancellationTokenSource(), new CancellationTokenSource());
        owned.AddRange([stopping, stopped]);
        var bundles = options.TrustBundles ?? Fixed(ReadBundles(configuration));
        var certificates = new CertificateCallers(bundles, options.Time);
        if (options.AccessTokens is null && configuration.Agents.FirstOrDefault(a => a.ByBrokerToken) is { } held)
        {
            throw new ConfigurationException($"agent {held.Name} is known by broker_token, and there is no broker here to check its tokens");
        }

        var outlet = new EvidenceOutlet(emitter, options.Time, options.Log);
        var own = new GatewayTrail(emitter.Issuer, outlet, keys, options.Time);
        async ValueTask RejectedAsync(RejectedAccessToken token, AccessTokenRejectedException why, Route route)
        {
            if (await own.RefusedAsync(route.Path, token, why.Error, why.Message).ConfigureAwait(false) is { } reason)
            {
                await options.Log.WriteLineAsync($"cairn: that a token was refused is not recorded yet: {reason}").ConfigureAwait(false);
            }
        }

        var authenticator = new CallerAuthenticator(configuration, new StaticTokens(configuration.Agents), certificates, options.AccessTokens, RejectedAsync, bundles, options.Time);
        var endpoints = new Dictionary<string, RouteEndpoint>(StringComparer.Ordinal);
        var sessions = new SessionTable(configuration, route => endpoints[route.Path].Server.Secrets, outlet, keys, options.Ledger, options.Time, options.Log);
        owned.Insert(0, sessions);
        var (fromCallers, fromServers) = (new BodyBudget(configuration.Limits.BytesUnderWay), new BodyBudget(configuration.Limits.BytesUnderWay));
        foreach (var route in configuration.Routes)
        {
            var server = new UpstreamServer(route.Upstream, configuration.Timeouts);
            owned.Add(server);
            endpoints[route.Path] = new RouteEndpoint
            {
                Route = route,
                Server = server,
                Pipeline = new ActionPipeline(await PipelineOfAsync(options, route, own, owned, cancellationToken).ConfigureAwait(false), outlet, keys),
                Sessions = sessions,
                Configuration = configuration,
                FromCallers = fromCallers,
                FromServers = fromServers,
                Stopped = stopped.Token,
                Stopping = stopping.Token,
                Time = options.Time,
                Log = options.Log,
            };
        }

        var front = new FrontDoor(configuration, endpoints, authenticator, options.Log, stopping.Token);
        var app = Build(configuration, certificates, front, options.Log);
        owned.Insert(0, app);
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new ConfigurationException($"can't listen at {string.Join(", ", configuration.Listeners.Select(l => l.Address))}: {e.Message}", e);
        }

        sessions.Start();
        return new McpHttpGateway(options, emitter, app, sessions, own, owned, stopping, stopped);
    }

    private static async ValueTask<ActionPipelineOptions> PipelineOfAsync(HttpGatewayOptions options, Route route, GatewayTrail own, List<object> owned, CancellationToken cancellationToken)
    {
        IPolicyDecisionPoint? policy = null;
        if (route.Policy is { } rules)
        {
            var open = options.OpenPolicy ?? throw new ConfigurationException($"route {route.Path} has a policy, and there is nothing here that could decide by it");
            policy = await open(rules, (change, _) => own.RecordAsync(route.Path, change), cancellationToken).ConfigureAwait(false);
            owned.Add(policy);
        }

        return new ActionPipelineOptions
        {
            Capture = route.Capture,
            Strict = route.Strict,
            Policy = policy,
            Credentials = options.Credentials,
            Approvals = options.Approvals,
            ApprovalTimeout = options.Configuration.Timeouts.Approval,
            Log = options.Log,
            Time = options.Time,
        };
    }

    private static WebApplication Build(GatewayConfiguration configuration, CertificateCallers certificates, FrontDoor front, TextWriter log)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "cairn" });
        builder.Logging.ClearProviders(); // request logs would hold what authenticates callers
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // bounded where bodies are read, with an answer that says so
            kestrel.Limits.MaxConcurrentConnections = configuration.Limits.Requests;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
            foreach (var listener in configuration.Listeners)
            {
                kestrel.Listen(listener.Address, options => Secure(options, listener, certificates, log));
            }
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = configuration.Timeouts.Grace + TimeSpan.FromSeconds(5));
        var app = builder.Build();
        app.Run(front.HandleAsync);
        return app;
    }

    private static void Secure(ListenOptions options, Listener listener, CertificateCallers certificates, TextWriter log)
    {
        if (listener.Tls is not { } tls)
        {
            return;
        }

        var identity = CertificateFiles.Read(tls.CertificateFile, tls.KeyFile, (certificate, key) => new TlsIdentity(certificate, key, ownerOnly: false, line => log.WriteLine($"cairn: {line}")));
        options.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = identity.Current.TargetCertificate,
            OnAuthenticate = (_, authentication) => authentication.ServerCertificateContext = identity.Current,
            SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateMode = tls.ClientCertificate switch
            {
                ClientCertificates.Required => ClientCertificateMode.RequireCertificate,
                ClientCertificates.Accepted => ClientCertificateMode.AllowCertificate,
                _ => ClientCertificateMode.NoCertificate,
            },
            ClientCertificateValidation = (leaf, chain, _) => certificates.Accepts(leaf, chain),
            CheckCertificateRevocation = false,
        });
    }

    private static TrustBundleSet ReadBundles(GatewayConfiguration configuration)
    {
        try
        {
            return new TrustBundleSet(configuration.TrustBundles.Select(bundle => TrustBundle.Parse(bundle.Key, File.ReadAllBytes(bundle.Value))));
        }
        catch (Exception e) when (e is Evidence.EvidenceFormatException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"a trust bundle can't be used: {e.Message}", e);
        }
    }

    private static Func<TrustBundleSet> Fixed(TrustBundleSet bundles) => () => bundles;

    private static async Task DisposeAllAsync(IEnumerable<object> parts)
    {
        foreach (var part in parts)
        {
            if (part is IAsyncDisposable slow)
            {
                await slow.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                (part as IDisposable)?.Dispose();
            }
        }
    }
}
