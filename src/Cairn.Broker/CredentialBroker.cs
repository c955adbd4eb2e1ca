using System.Buffers.Text;
using System.Security.Cryptography;
using Cairn.Broker.Clients;
using Cairn.Broker.Evidence;
using Cairn.Broker.Exchange;
using Cairn.Broker.Guarding;
using Cairn.Broker.Keys;
using Cairn.Broker.Proofs;
using Cairn.Broker.Store;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Identity.Credentials;
using Cairn.Sdk;

namespace Cairn.Broker;

/// <summary>
/// Gives short-lived credentials for others (RFC 8693), each within what it is exchanged for, and takes them back. Every
/// step is a record that is durable before its effect leaves: no evidence, no token. Safe for many calls at once, and for
/// several processes on one data directory.
/// </summary>
/// <remarks>
/// Order of effects. Issue: check → keep as pending (durable) → record (durable) → activate unless an ancestor was revoked
/// meanwhile → hand out. Revoke: end it and its descendants in one durable step → a record of each → acknowledge. What a
/// crash leaves between two steps is finished by <see cref="SweepAsync"/>, of this or another process.
/// </remarks>
public sealed class CredentialBroker : IAsyncDisposable
{
    private const int SweepAtOnce = 500;

    // Who took an end and has not recorded it after this long is dead; so is who began to issue.
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(1);
    private readonly CredentialBrokerParts _parts;
    private readonly AccessTokens _tokens;
    private readonly Authorities _authorities;
    private readonly Actor _self;

    // Records of ends that this process has given to its emitter, which delivers them in time, whatever the outage.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<RecordId, bool> _handed = new();
    private readonly SemaphoreSlim _sweeping = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _sweeper;

    internal CredentialBroker(CredentialBrokerParts parts)
    {
        _parts = parts;
        _self = parts.Self;
        _tokens = new AccessTokens(parts.Settings, parts.Keys, parts.Store);
        _authorities = new Authorities(parts.Settings, _tokens, parts.Bundles);
        ProofRules = new ProofRules(TimeSpan.FromSeconds(parts.Settings.ProofAgeS), TimeSpan.FromSeconds(parts.Settings.ClockSkewS), parts.Nonces, parts.Settings.RequireNonce);
        Clients = new ClientAuthenticator(parts.Settings, parts.Bundles);
        Trails = new BrokerTrails(parts.Emitter, _self, parts.Time);
        _sweeper = parts.SweepEvery is { } every ? Task.Run(() => SweepOnAsync(every)) : Task.CompletedTask;
    }

    /// <summary>What it may give to whom.</summary>
    public BrokerSettings Settings => _parts.Settings;

    internal BrokerTrails Trails { get; }

    internal KeyRing Keys => _parts.Keys;

    internal BrokerStore Store => _parts.Store;

    internal CredentialBrokerParts Parts => _parts;

    internal AccessTokens Tokens => _tokens;

    internal Authorities Authorities => _authorities;

    internal ProofRules ProofRules { get; }

    internal ClientAuthenticator Clients { get; }

    /// <summary>Opens a broker on a data directory: keys, store and settings are in its folder <c>broker</c>.</summary>
    /// <exception cref="BrokerException">A file is not what it should be.</exception>
    public static Task<CredentialBroker> OpenAsync(BrokerOptions options, CancellationToken cancellationToken = default) => BrokerDirectory.OpenAsync(options, cancellationToken);

    /// <summary>Exchanges a token for a narrower one.</summary>
    /// <exception cref="CredentialRefusedException">It is not given; the refusal is recorded.</exception>
    public async ValueTask<IssuedToken> ExchangeAsync(ExchangeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var actor = request.Actor ?? request.Client;
        var now = _parts.Time.GetUtcNow();
        var acting = new Actor(actor, request.Instance, request.Owner);
        Authority? authority = null;
        try
        {
            if (actor != request.Client && !Settings.IsGateway(request.Client))
            {
                throw new CredentialRefusedException("unauthorized_client", $"{request.Client} may not name {actor} as actor; only configured gateways may");
            }

            authority = _authorities.Of(request, actor, now);
            var ceiling = authority.Ceiling.Narrow(request.Audience, request.Scope, Lifetime(request.Ttl), Settings.MaxDepth, now);
            if (request.HolderKey is null && !ceiling.Audience.All(a => Settings.BearerAudience.Contains(a, StringComparer.Ordinal)))
            {
                throw new CredentialRefusedException("invalid_request", "a token is bound to a key: show a DPoP proof or a client certificate (bearer_audience in broker.json lists the exceptions)");
            }

            var entry = new CredentialEntry
            {
                Id = NewId(),
                Parent = authority.Entry?.Id,
                Subject = authority.Subject,
                Actors = ActorsOf(authority, actor),
                Audience = ceiling.Audience,
                Scope = ceiling.Scope,
                HolderKey = request.HolderKey,
                MayAct = request.MayAct?.ToString(),
                Client = request.Client.ToString(),
                Depth = ceiling.Depth,
                Trace = request.Context.Trace,
                Span = request.Context.Span,
                Issued = now,
                Expires = ceiling.Expires,
            };
            return await IssueAsync(entry, authority.Parent, acting);
        }
        catch (Exception e) when (e is CredentialRefusedException { Error: not "unavailable" } or RefusedOfException)
        {
            var of = (e as RefusedOfException)?.Of;
            var error = e is RefusedOfException known ? known.Error : ((CredentialRefusedException)e).Error;
            await RecordRefusalAsync(
                new Refusal(error, e.Message)
                {
                    Id = of?.Id ?? authority?.Parent, Subject = of?.Subject ?? authority?.Subject, Actors = [actor.ToString(), .. (of?.Actors ?? authority?.Actors ?? []).Where(a => a != actor.ToString())],
                    Audience = request.Audience, Scope = request.Scope, HolderKey = request.HolderKey,
                },
                request.Context, acting);
            throw e as CredentialRefusedException ?? new CredentialRefusedException(error, e.Message, e);
        }
    }

    /// <summary>Makes an operator's grant. Whoever may call this answers for it: there is no further check.</summary>
    /// <exception cref="CredentialRefusedException">It asks for nothing, or for too long; or no evidence can be kept.</exception>
    public async ValueTask<IssuedToken> GrantAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        if (request.Audience is [] || request.Scope is [] || request.Subject.Length is 0 or > 512)
        {
            throw new CredentialRefusedException("invalid_request", "a grant needs a subject of 1 to 512 characters, an audience and a scope: nothing is given that was not named");
        }

        var now = _parts.Time.GetUtcNow();
        var most = TimeSpan.FromSeconds(Settings.MaxGrantTtlS);
        if (request.Ttl > most)
        {
            throw new CredentialRefusedException("invalid_request", $"a grant may live for {most} (max_grant_ttl_s), not for {request.Ttl}");
        }

        var ceiling = new Ceiling(request.Audience, request.Scope, now + most, -1).Narrow(request.Audience, request.Scope, request.Ttl, Settings.MaxDepth, now);
        var entry = new CredentialEntry
        {
            Id = NewId(),
            Subject = request.Subject,
            Audience = ceiling.Audience,
            Scope = ceiling.Scope,
            MayAct = request.MayAct?.ToString(),
            IsGrant = true,
            Depth = ceiling.Depth,
            Trace = request.Context.Trace,
            Span = request.Context.Span,
            Issued = now,
            Expires = ceiling.Expires,
        };
        return await IssueAsync(entry, null, _self with { Owner = request.By });
    }

    /// <summary>The public keys that tokens which still hold are signed by: a JWK set (RFC 7517 §5), JSON.</summary>
    public string KeySet() => $"{{\"keys\":[{string.Join(',', Keys.Published(_parts.Time.GetUtcNow()).Select(key => key.ToString()))}]}}";

    /// <summary>A guard for a resource in this process, that asks this broker about each token and has each use recorded.</summary>
    /// <param name="resource">The workload that guards.</param>
    /// <param name="audience">Its own names: a token must be for one of them.</param>
    public DpopGuard Guard(SpiffeId resource, IReadOnlyList<string> audience) => new(new DpopGuardOptions
    {
        Issuer = Settings.Issuer,
        Audience = audience,
        ProofAge = ProofRules.Age,
        ClockSkew = ProofRules.Skew,
        Introspection = new LocalIntrospection(this, resource),
        Handler = new LocalKeys(this),
        Time = _parts.Time,
    });

    /// <summary>Whether a credential holds now: issued here, not revoked, not over.</summary>
    public bool IsActive(string id) => _parts.Store.Find(id) is { State: CredentialState.Active } entry && _parts.Time.GetUtcNow() < entry.Expires;

    /// <summary>What is kept of a token that this broker signed and that is active; null otherwise.</summary>
    public CredentialEntry? Inspect(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        var now = _parts.Time.GetUtcNow();
        return _tokens.Find(token, now) is { State: CredentialState.Active } entry && now < entry.Expires ? entry : null;
    }

    /// <summary>What is kept of a token that this broker signed, whatever its state; null: it is none of its own.</summary>
    public CredentialEntry? Recognise(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _tokens.Find(token, _parts.Time.GetUtcNow());
    }

    /// <summary>A credential by its public id; null: none.</summary>
    public CredentialEntry? Find(string id) => _parts.Store.Find(id);

    /// <summary>The newest credentials, without tokens.</summary>
    public IReadOnlyList<CredentialEntry> List(int most = 100, bool all = false) => _parts.Store.List(most, all);

    /// <summary>Records that a credential was used.</summary>
    /// <exception cref="CredentialRefusedException">No evidence can be kept: it must not be used.</exception>
    public async ValueTask RecordUseAsync(CredentialEntry entry, CredentialUse use, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(use);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await Trails.WriteAsync(
                RecordKinds.CredentialUsed, use.Context?.Trace ?? entry.Trace, use.Context?.Span ?? entry.Span, use.By is { } by ? new Actor(by, "", "") : null,
                CredentialRecords.Used(entry, Settings.Issuer, use.Resource, use.Action?.ToString(), use.Proof));
        }
        catch (EvidenceUnavailableException e)
        {
            throw new CredentialRefusedException("unavailable", $"the use can't be recorded: {e.Message}", e);
        }
    }

    /// <summary>
    /// Revokes a credential and all that descend from it. When this returns, none of them can be used again, whatever
    /// happens, and each has its record.
    /// </summary>
    /// <returns>The public ids of what ended; empty when it had ended already or is not known.</returns>
    /// <exception cref="CredentialRefusedException"><c>unavailable</c>: all of them are revoked, but the evidence is still on its way.</exception>
    public async ValueTask<IReadOnlyList<string>> RevokeAsync(string id, string reason, string? by, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        cancellationToken.ThrowIfCancellationRequested();
        var endings = _parts.Store.Revoke(id, reason, by, _parts.Time.GetUtcNow());
        try
        {
            foreach (var ending in endings)
            {
                await RecordEndAsync(ending);
            }
        }
        catch (EvidenceUnavailableException e)
        {
            throw new CredentialRefusedException("unavailable", $"revoked, but not recorded yet: {e.Message}", e);
        }

        return [.. endings.Select(ending => ending.Entry.Id)];
    }

    /// <summary>Records what expired, finishes what a crash cut short, forgets old proofs and closes idle parts of trails. Runs by itself; callers need not.</summary>
    /// <exception cref="EvidenceUnavailableException">No evidence can be kept now; the next sweep goes on.</exception>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await _sweeping.WaitAsync(cancellationToken);
        try
        {
            var now = _parts.Time.GetUtcNow();
            foreach (var left in _parts.Store.Unrecorded(now, Abandoned))
            {
                if (await _parts.IsRecorded(left.Entry.Trace, left.Record, cancellationToken))
                {
                    _parts.Store.Close(left.Entry.Id);
                }
                else if (!_handed.ContainsKey(left.Record))
                {
                    // Whoever took it may have left its record in a spool: under an id of its own this one can't clash with it.
                    await RecordEndAsync(_parts.Store.Renamed(left, RecordId.New(now)));
                }
            }

            foreach (var ending in _parts.Store.TakeAbandoned(now, Abandoned))
            {
                await RecordEndAsync(ending);
            }

            while (_parts.Store.TakeExpired(now, SweepAtOnce) is { Count: > 0 } expired)
            {
                foreach (var ending in expired)
                {
                    await RecordEndAsync(ending);
                }
            }

            _parts.Store.ForgetProofs(now);
            Trails.Close(all: false);
        }
        finally
        {
            _sweeping.Release();
        }
    }

    /// <summary>Closes the broker's parts of trails, delivers the evidence and frees the keys.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _sweeper;
        await _parts.Store.StopAsync();
        Trails.Close(all: true);
        foreach (var owned in _parts.Owned)
        {
            if (owned is IAsyncDisposable slow)
            {
                await slow.DisposeAsync();
            }
            else
            {
                ((IDisposable)owned).Dispose();
            }
        }

        _parts.Store.Dispose();
        _sweeping.Dispose();
        _ending.Dispose();
    }

    /// <summary>Whether a credential that was shown holds. One of this broker's that does not hold any more was shown: that is evidence.</summary>
    internal async ValueTask<bool> HoldsAsync(CredentialEntry? entry, TraceParent? context, SpiffeId shownTo)
    {
        if (entry is null || (entry.State == CredentialState.Active && _parts.Time.GetUtcNow() < entry.Expires))
        {
            return entry is not null;
        }

        await RecordRefusalAsync(
            new Refusal("invalid_token", $"shown to {shownTo}, and {(entry.State == CredentialState.Revoked ? "revoked" : "over")}")
            {
                Id = entry.Id, Subject = entry.Subject, Actors = entry.Actors, Audience = entry.Audience, Scope = entry.Scope, HolderKey = entry.HolderKey,
            },
            context ?? new TraceParent(entry.Trace, entry.Span), new Actor(shownTo, "", ""));
        return false;
    }

    internal async ValueTask RecordRefusalAsync(Refusal refusal, TraceParent context, Actor? actor)
    {
        try
        {
            await Trails.WriteAsync(RecordKinds.CredentialRefused, context.Trace, context.Span, actor, CredentialRecords.Refused(refusal, Settings.Issuer));
        }
        catch (EvidenceUnavailableException e)
        {
            // The refusal stands without its record; the record is queued.
            _parts.Log($"a refusal ({refusal.Error}) is not recorded yet: {e.Message}");
        }
    }

    /// <summary>What is remembered of a proof, so that it is not taken twice.</summary>
    internal OneTime Once(DpopProof proof, DateTimeOffset now) =>
        new(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{proof.Key.Thumbprint} {proof.Id}")), now + ProofRules.Memory);

    private static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    // The newest actor outermost (RFC 8693 §4.1). Who narrows a token that it got itself is no new actor, and who acts on
    // its own behalf is none at all.
    private static IReadOnlyList<string> ActorsOf(Authority authority, SpiffeId actor)
    {
        var newest = actor.ToString();
        return (authority.Actors is [var last, ..] && last == newest) || (authority.Actors is [] && authority.Subject == newest) ? authority.Actors : [newest, .. authority.Actors];
    }

    private TimeSpan Lifetime(TimeSpan? wanted)
    {
        var most = TimeSpan.FromSeconds(Settings.MaxTtlS);
        return wanted is { } ttl && ttl < most ? ttl : most;
    }

    private async ValueTask<IssuedToken> IssueAsync(CredentialEntry entry, string? parent, Actor actor)
    {
        if (!await _parts.Store.TryAddAsync(entry))
        {
            throw new CredentialRefusedException("invalid_grant", "the subject token was revoked or expired in this moment");
        }

        try
        {
            await Trails.WriteAsync(RecordKinds.CredentialIssued, entry.Trace, entry.Span, actor, CredentialRecords.Issued(entry, Settings.Issuer, parent));
        }
        catch (EvidenceUnavailableException e)
        {
            // Its record may still come: then the revocation's, spooled behind it, says that nobody got it.
            var withdrawn = _parts.Store.Revoke(entry.Id, "not handed out: its issuance could not be recorded in time", null, _parts.Time.GetUtcNow());
            _parts.Log($"no evidence, no token: {withdrawn.Count} withdrawn ({e.Message})");
            throw new CredentialRefusedException("unavailable", $"evidence could not be recorded; no token is given: {e.Message}", e);
        }

        return await _parts.Store.TryActivateAsync(entry.Id)
            ? new IssuedToken(entry with { State = CredentialState.Active }, _tokens.Write(entry), Settings.Issuer)
            : throw new CredentialRefusedException("invalid_grant", "the subject token was revoked in this moment, and the new one with it");
    }

    private async ValueTask RecordEndAsync(Ending ending)
    {
        _handed[ending.Record] = true;
        var isExpiry = ending.Entry.State == CredentialState.Expired;
        await Trails.WriteAsync(
            isExpiry ? RecordKinds.CredentialExpired : RecordKinds.CredentialRevoked, ending.Entry.Trace, ending.Entry.Span, null,
            isExpiry ? CredentialRecords.Expired(ending, Settings.Issuer) : CredentialRecords.Revoked(ending, Settings.Issuer), ending.Record);
        _parts.Store.Close(ending.Entry.Id);
        _handed.TryRemove(ending.Record, out _);
    }

    private async Task SweepOnAsync(TimeSpan every)
    {
        using var timer = new PeriodicTimer(every, _parts.Time);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(_ending.Token);
                }
                catch (EvidenceUnavailableException e)
                {
                    _parts.Log($"ends of credentials are not recorded yet: {e.Message}");
                }
            }
            while (await timer.WaitForNextTickAsync(_ending.Token));
        }
        catch (OperationCanceledException)
        {
            // Disposal: what is left is swept at the next start.
        }
    }
}

/// <summary>How a credential was used.</summary>
public sealed record CredentialUse
{
    /// <summary>Where it was shown; null: not known.</summary>
    public string? Resource { get; init; }

    /// <summary>The action that it was used for.</summary>
    public RecordId? Action { get; init; }

    /// <summary>How possession was shown: none, dpop, mtls, x5t or other.</summary>
    public string Proof { get; init; } = "none";

    /// <summary>The trail and span of the use; null: those that it was issued in.</summary>
    public TraceParent? Context { get; init; }

    /// <summary>The workload that used it, where it is known.</summary>
    public SpiffeId? By { get; init; }
}
