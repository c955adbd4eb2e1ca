using System.Diagnostics.CodeAnalysis;
using System.Text;
using Cairn.Evidence;
using Cairn.Identity.Credentials;
using Cairn.Policy;

namespace Cairn.Gateway.Authority;

/// <summary>Gets the credential that a decision grants, keeps those that are for a whole task, and asks once more right before use.</summary>
internal sealed class CredentialDesk(ActionPipelineOptions options)
{
    /// <summary>Credentials kept for tasks; beyond it the ones that end first are forgotten, and asked for anew.</summary>
    private const int MostKept = 1024;

    /// <summary>A kept credential with less than this left is not handed out: it would end on its way.</summary>
    private static readonly TimeSpan LeastLeft = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, IssuedCredential> _kept = [];

    /// <summary>The credential for an action.</summary>
    /// <returns>The credential, or why there is none.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<(IssuedCredential? Credential, ActionRefusal? Refusal)> ObtainAsync(
        ActionUnderWay way, CredentialRule rule, CancellationToken cancellationToken)
    {
        if (options.Credentials is not { } source)
        {
            return (null, Refused($"the policy grants a credential ({rule.Name}) and no broker is configured"));
        }

        var key = KeyOf(way, rule);
        if (rule.PerTask && Find(key) is { } kept)
        {
            return (kept, null);
        }

        var (issued, refusal) = await AskAsync(
            cancel => source.ObtainAsync(DemandOf(way, rule), cancel), cancellationToken).ConfigureAwait(false);
        if (issued is null)
        {
            return (null, refusal);
        }

        if (issued.Expires <= options.Time.GetUtcNow())
        {
            return (null, Refused($"the credential {issued.Id} had ended when it came; the clocks of gateway and broker may differ"));
        }

        if (rule.PerTask)
        {
            Keep(key, issued);
        }

        return (issued, null);
    }

    /// <summary>Asks whether a credential still holds, right before it is used.</summary>
    /// <returns>Null when it does; otherwise why it must not be used.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<ActionRefusal?> RecheckAsync(IssuedCredential credential, CancellationToken cancellationToken)
    {
        var (active, refusal) = await AskAsync(cancel => options.Credentials!.IsActiveAsync(credential, cancel), cancellationToken).ConfigureAwait(false);
        if (refusal is null && active && credential.Expires > options.Time.GetUtcNow())
        {
            return null;
        }

        Forget(credential);
        return refusal ?? Refused(active ? $"the credential {credential.Id} has expired" : $"the credential {credential.Id} does not hold any more");
    }

    /// <summary>Takes back a credential that nobody needs any more.</summary>
    /// <returns>Null when it holds no more; otherwise why it does until it expires.</returns>
    public async ValueTask<string?> RevokeAsync(IssuedCredential credential, string reason)
    {
        Forget(credential);
        var (_, refusal) = await AskAsync(
            async cancel =>
            {
                await options.Credentials!.RevokeAsync(credential, reason, cancel).ConfigureAwait(false);
                return true;
            },
            CancellationToken.None).ConfigureAwait(false);
        return refusal?.Message;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever the source throws is a refusal, recorded with its type: nothing may pass because it failed.")]
    private async ValueTask<(T? Answer, ActionRefusal? Refusal)> AskAsync<T>(Func<CancellationToken, ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return (await ask(cancellationToken).AsTask().WaitAsync(options.CredentialTimeout, options.Time, cancellationToken).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (CredentialRefusedException e)
        {
            return (default, Refused($"{e.Error}: {e.Message}"));
        }
        catch (TimeoutException)
        {
            return (default, Refused($"unavailable: the broker did not answer within {options.CredentialTimeout.TotalSeconds:0.###} s"));
        }
        catch (Exception e)
        {
            return (default, Refused($"unavailable: {e.GetType().Name}"));
        }
    }

    private IssuedCredential? Find(Key key)
    {
        lock (_gate)
        {
            return _kept.TryGetValue(key, out var kept) && kept.Expires - LeastLeft > options.Time.GetUtcNow() ? kept : null;
        }
    }

    private void Keep(Key key, IssuedCredential credential)
    {
        lock (_gate)
        {
            _kept[key] = credential;
            if (_kept.Count > MostKept)
            {
                _kept.Remove(_kept.MinBy(k => k.Value.Expires).Key);
            }
        }
    }

    private void Forget(IssuedCredential credential)
    {
        lock (_gate)
        {
            foreach (var (key, _) in _kept.Where(k => k.Value.Id == credential.Id).ToList())
            {
                _kept.Remove(key);
            }
        }
    }

    private static CredentialDemand DemandOf(ActionUnderWay way, CredentialRule rule) => new()
    {
        Actor = way.Action.Caller.Agent,
        SubjectToken = way.Action.Caller.SubjectToken,
        Audience = rule.Audience,
        Scope = rule.Scope,
        Ttl = rule.Ttl,
        IsBearer = way.Action.TakesBearerOnly,
        Trace = way.Action.Trace,
        Span = way.Span,
    };

    /// <summary>One task's credential is one caller's, on one principal's behalf, by one rule as it reads now.</summary>
    private static Key KeyOf(ActionUnderWay way, CredentialRule rule) => new(
        way.Action.Caller.Agent, way.Action.Trace,
        Digest.Sha256(Encoding.UTF8.GetBytes(way.Action.Caller.SubjectToken ?? "")),
        rule.Name, rule.Audience, string.Join(' ', rule.Scope.Order(StringComparer.Ordinal)), rule.Ttl);

    private static ActionRefusal Refused(string why) => new("credential_refused", why);

    private sealed record Key(SpiffeId Agent, TraceId Trace, Digest Subject, string Rule, string Audience, string Scope, TimeSpan Ttl);
}
