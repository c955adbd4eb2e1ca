using System.Collections.Concurrent;
using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Gateway;
using Cairn.Gateway.Authority;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Configuration;
using Cairn.Sdk;

namespace Cairn.HttpGateway.Sessions;

/// <summary>No further session is taken.</summary>
internal sealed class TooManySessionsException(int limit) : Exception($"{limit} sessions are open; a further one is not begun");

/// <summary>
/// All sessions of a gateway. Each belongs to one agent on one route: the id of another agent's session is as unknown as
/// one that was never given, and so is every id from before the gateway started. Clients begin anew then, as MCP asks.
/// </summary>
internal sealed class SessionTable(
    GatewayConfiguration configuration, Func<Route, IReadOnlyList<string>> secrets, EvidenceOutlet outlet, ITrailKeys keys, ILedgerClient? ledger, TimeProvider time, TextWriter log) : IAsyncDisposable
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<SessionKey, McpSession> _sessions = [];
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _sweeping = Task.CompletedTask;

    public void Start() => _sweeping = SweepAsync(_stopping.Token);

    /// <summary>The session with this id, in use; null when this agent has none such here. The caller ends its use.</summary>
    public McpSession? Find(Route route, AuthenticatedCaller caller, string id)
    {
        lock (_gate)
        {
            return _sessions.TryGetValue(new SessionKey(route.Path, caller.Agent.Name, id), out var session) ? Used(session) : null;
        }
    }

    /// <summary>What an agent asks of a route without a session, in use.</summary>
    /// <exception cref="TooManySessionsException">There is no room.</exception>
    public McpSession Standing(Route route, AuthenticatedCaller caller)
    {
        lock (_gate)
        {
            var key = new SessionKey(route.Path, caller.Agent.Name, null);
            if (!_sessions.TryGetValue(key, out var session))
            {
                CheckRoom();
                _sessions[key] = session = Create(route, caller, null);
                session.IsRegistered = true;
            }

            return Used(session);
        }
    }

    /// <summary>A session whose id is not known yet, in use.</summary>
    /// <param name="route">The route.</param>
    /// <param name="caller">Whose it is.</param>
    /// <param name="context">The trace context of the request that begins it: the session takes part in that trail.</param>
    /// <exception cref="TooManySessionsException">There is no room.</exception>
    public McpSession Begin(Route route, AuthenticatedCaller caller, TraceParent? context)
    {
        CheckRoom();
        return Used(Create(route, caller, context));
    }

    /// <summary>Registers a begun session under the id that the server gave it, or as what the agent asks without a session.</summary>
    /// <returns>False when there is one already: this one is not known under that key.</returns>
    public bool Register(McpSession session, string? id)
    {
        lock (_gate)
        {
            var key = session.Key with { Id = id };
            if (!_sessions.TryAdd(key, session))
            {
                return false;
            }

            session.Key = key;
            return true;
        }
    }

    /// <summary>Ends a session that nobody is to use any more.</summary>
    public async Task EndAsync(McpSession session, string status, string? reason)
    {
        lock (_gate)
        {
            if (_sessions.TryGetValue(session.Key, out var known) && ReferenceEquals(known, session))
            {
                _sessions.TryRemove(session.Key, out _);
            }
        }

        await session.EndAsync(status, reason, CountsAsync).ConfigureAwait(false);
    }

    /// <summary>Ends all sessions.</summary>
    public async Task EndAllAsync(string status, string? reason) =>
        await Parallel.ForEachAsync(
            _sessions.Values.ToList(), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (session, _) => await EndAsync(session, status, reason).ConfigureAwait(false)).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _sweeping.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static McpSession Used(McpSession session)
    {
        session.Use();
        return session;
    }

    private void CheckRoom()
    {
        if (_sessions.Count >= configuration.Limits.Sessions)
        {
            throw new TooManySessionsException(configuration.Limits.Sessions);
        }
    }

    private McpSession Create(Route route, AuthenticatedCaller caller, TraceParent? context)
    {
        var chain = caller.Caller.DelegationChain;
        var options = new GatewayOptions
        {
            Agent = caller.Agent.Id,
            Owner = caller.Agent.Owner,
            Command = route.Path,
            Capture = route.Capture,
            Caller = context,
            Strict = route.Strict,
            Initiator = new TaskInitiator(chain.Count > 0 ? chain[0] : caller.Agent.Id.ToString(), caller.Caller.Authenticated),
            MaxUnanswered = 100_000,
            Channel = "mcp/http",
            Transport = "tcp",
            Time = time,
        };
        var parts = new SessionParts(options, caller.Caller, outlet, keys, route.Path.Trim('/') is { Length: > 0 } name ? name : route.Upstream.Url.Host, new KnownSecrets(secrets(route)));
        return new McpSession(new SessionKey(route.Path, caller.Agent.Name, null), options, parts, configuration.Timeouts.Resume);
    }

    private async Task<IReadOnlyList<EmitterCount>> CountsAsync(TraceId trace)
    {
        if (ledger is null)
        {
            return [];
        }

        using var patience = new CancellationTokenSource(configuration.Timeouts.Flush, time);
        try
        {
            return await ledger.CountsAsync(trace, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LedgerUnavailableException or OperationCanceledException)
        {
            await log.WriteLineAsync("cairn: the ledger could not be asked what others wrote into a session's trail; only the gateway's records are counted").ConfigureAwait(false);
            return [];
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SweepPeriod, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                foreach (var session in _sessions.Values)
                {
                    session.Sweep();
                    if (TakeIdle(session))
                    {
                        await session.EndAsync("done", "nobody used it any more", CountsAsync).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The gateway ends its sessions itself from here on.
        }
    }

    private bool TakeIdle(McpSession session)
    {
        lock (_gate)
        {
            return session.Idle > configuration.Timeouts.Idle && _sessions.TryRemove(session.Key, out _);
        }
    }
}
