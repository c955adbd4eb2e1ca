using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Processes;
using Cairn.Sdk;

namespace Cairn.Gateway;

/// <summary>
/// Wraps an MCP server that speaks over stdio: starts it, passes every message both ways, and records what happens.
/// docs/gateway.md says what is captured and what passes unchanged.
/// </summary>
public static class McpStdioGateway
{
    /// <summary>Exit code when the server's command could not be started.</summary>
    public const int CouldNotStart = 2;

    /// <summary>Runs until the server is gone: the client closed its end, the server ended by itself, or <paramref name="ct"/> was cancelled.</summary>
    /// <param name="options">What to wrap.</param>
    /// <param name="emitter">Delivers the records. Not disposed; flushed for at most <see cref="GatewayOptions.FlushTimeout"/>.</param>
    /// <param name="keys">Keys of the trails, for commitments and kept content.</param>
    /// <param name="clientIn">What the client sends.</param>
    /// <param name="clientOut">What the client receives.</param>
    /// <param name="log">Messages for people; never content.</param>
    /// <param name="ct">Told to end (SIGTERM, SIGINT): the server is ended and what is open is recorded as lost.</param>
    /// <returns>The server's exit code (128 plus the number of the signal that ended it), or <see cref="CouldNotStart"/>.</returns>
    public static async Task<int> RunAsync(
        GatewayOptions options, Emitter emitter, ITrailKeys keys, Stream clientIn, Stream clientOut, TextWriter log, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(emitter);
        ArgumentNullException.ThrowIfNull(log);
        var actor = new Actor(options.Agent, $"{Environment.MachineName}:{Environment.ProcessId}", options.Owner);
        var outlet = new EvidenceOutlet(emitter, options.Time, log);
        var sink = new EvidenceSink(outlet, actor);
        var peers = new PeerContext(Path.GetFileName(options.Command), options.Capture != CaptureProfile.Metadata);
        var trails = new TrailParts(options, sink, keys, peers.Notes);
        var records = new ActionRecords(outlet, keys, options.Time, options.Strict);
        var gaps = new GapCounter(sink, trails, options.Time);

        // Opens the run's own trail: without it nothing starts.
        _ = trails.Main;
        ServerProcess server;
        ActionPipeline? pipeline;
        try
        {
            pipeline = await AuthorityAsync(options, outlet, trails, keys, log, ct).ConfigureAwait(false);
            server = ServerProcess.Start(options.Command, options.Arguments, EnvironmentOf(options, trails.Main));
        }
        catch (ServerStartException e)
        {
            await log.WriteLineAsync($"cairn: {e.Message}").ConfigureAwait(false);
            await EndAsync(options, sink, trails, new RunEnding("failed", "the server command could not be started"), log).ConfigureAwait(false);
            return CouldNotStart;
        }
        catch (Exception e)
        {
            var reason = e is OperationCanceledException ? "the gateway was told to end" : $"the policy could not be taken into use: {e.GetType().Name}";
            await EndAsync(options, sink, trails, new RunEnding("failed", reason), log).ConfigureAwait(false);
            throw;
        }

        var conversation = new Conversation(options, trails, new ActionRecorder(options, sink, records, CallerOf(options, actor), new KnownSecrets()), peers, gaps, decides: pipeline is not null);
        using (server)
        {
            RunEnding ending;
            try
            {
                ending = await new GatewayRun(options, conversation, pipeline, server, log).PassAllAsync(clientIn, clientOut, ct).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _ = conversation.End("the gateway failed");
                await EndAsync(options, sink, trails, new RunEnding("failed", $"the gateway failed: {e.GetType().Name}"), log).ConfigureAwait(false);
                throw;
            }

            await EndAsync(options, sink, trails, ending, log).ConfigureAwait(false);
            return server.ExitCode;
        }
    }

    /// <summary>Whoever holds the other end of the pipe is the agent that the gateway was started for.</summary>
    private static Caller CallerOf(GatewayOptions options, Actor actor) => new()
    {
        Agent = actor.Id,
        Instance = actor.Instance,
        Owner = actor.Owner,
        Authenticated = options.Shown is null ? "configured" : "oauth2",
        SubjectToken = options.SubjectToken,
        CredentialId = options.Shown?.CredentialId,
        Scopes = options.Shown?.Scopes ?? [],
        DelegationChain = options.Shown?.Chain ?? options.DelegationChain ?? (options.Caller is null ? [options.Initiator.Principal] : []),
    };

    /// <summary>What decides about this run's actions; its bundle is recorded before the server starts. Null: nothing does.</summary>
    private static async ValueTask<ActionPipeline?> AuthorityAsync(
        GatewayOptions options, EvidenceOutlet outlet, TrailParts trails, ITrailKeys keys, TextWriter log, CancellationToken ct)
    {
        if (options.Authority is not { } open)
        {
            return null;
        }

        var authority = await open(new RunRecords(trails), ct).ConfigureAwait(false);
        return new ActionPipeline(authority with { Capture = options.Capture, Strict = options.Strict, Log = log, Time = options.Time }, outlet, keys);
    }

    /// <summary>The server may itself start traced work: it continues this run's trace (W3C trace context in the environment).</summary>
    private static Dictionary<string, string?> EnvironmentOf(GatewayOptions options, TrailPart main) => new(options.Environment)
    {
        ["TRACEPARENT"] = new Evidence.TraceParent(main.Trace, main.Task, options.Caller?.Flags ?? 1).ToString(),
    };

    private static async Task EndAsync(GatewayOptions options, EvidenceSink sink, TrailParts trails, RunEnding ending, TextWriter log)
    {
        using var timeout = new CancellationTokenSource(options.FlushTimeout, options.Time);
        if (options.Ending is { } closing)
        {
            await closing().ConfigureAwait(false);
        }

        trails.EndOthers(ending.Status, ending.Reason);
        var others = trails.Main.IsRoot && options.Ledger is { } ledger
            ? await CountsAsync(ledger, trails.Main.Trace, log, timeout.Token).ConfigureAwait(false)
            : [];
        trails.EndMain(ending.Status, ending.Reason, others);
        try
        {
            await sink.Emitter.FlushAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or EvidenceUnavailableException)
        {
            await log.WriteLineAsync("cairn: the ledger did not take all evidence in time; the rest is spooled and delivered by the next run").ConfigureAwait(false);
        }
    }

    private static async Task<IReadOnlyList<EmitterCount>> CountsAsync(ILedgerClient ledger, Evidence.TraceId trace, TextWriter log, CancellationToken ct)
    {
        try
        {
            return await ledger.CountsAsync(trace, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LedgerUnavailableException or OperationCanceledException)
        {
            await log.WriteLineAsync("cairn: the ledger could not be asked what others wrote into this trail; only this run's records are counted").ConfigureAwait(false);
            return [];
        }
    }
}
