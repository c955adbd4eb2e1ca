using Cairn.Evidence.Statements;
using Cairn.Identity;

namespace Cairn.Sdk.Emitting;

/// <summary>
/// The emitter's present SVID as a signer. From two thirds of its lifetime on the next one is fetched beside the work;
/// only when the present one has ended does signing wait.
/// </summary>
internal sealed class SigningIdentity(EmitterOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RotationRetryPause = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private Svid? _svid;
    private StatementSigner? _signer;
    private Task<Svid>? _fetch;
    private DateTimeOffset _askAgain;

    /// <summary>True when the next statement must carry the certificates: none signed with this key in this stream did.</summary>
    public bool IsChainDue { get; set; } = true;

    /// <summary>Why the last attempt to get an SVID failed; null when it did not.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>A signer whose SVID is valid now.</summary>
    /// <exception cref="OperationCanceledException">None could be had before the token was cancelled.</exception>
    public async ValueTask<StatementSigner> CurrentAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var now = options.Time.GetUtcNow();
            if (_fetch is null && (_svid is null || now >= _svid.NotAfter || (now >= _svid.RotateAt && now >= _askAgain)))
            {
                _fetch = FetchAsync();
            }

            var usable = _svid is not null && now < _svid.NotAfter;
            if (_fetch is not null && (_fetch.IsCompleted || !usable))
            {
                await AdoptAsync(_fetch, usable, cancellationToken);
                continue;
            }

            return usable ? _signer! : throw new InvalidOperationException("an SVID that has ended is always being replaced");
        }
    }

    /// <summary>Ends a fetch under way and frees the key.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_fetch is not null)
        {
            try
            {
                (await _fetch).Dispose();
            }
            catch (OperationCanceledException)
            {
                // Ordinary: a source that pushes the next SVID is always being waited for.
            }
            catch (SvidUnavailableException e)
            {
                options.Log($"the next SVID of {options.Issuer} was not fetched any more: {e.Message}");
            }
        }

        _signer?.Dispose();
        _svid?.Dispose();
        _stop.Dispose();
    }

    // A source may fail before it returns a task: that is no different from failing later.
    private async Task<Svid> FetchAsync() => await options.Signer.FetchAsync(_stop.Token);

    private async Task AdoptAsync(Task<Svid> fetch, bool usable, CancellationToken cancellationToken)
    {
        try
        {
            var svid = await fetch.WaitAsync(cancellationToken);
            _fetch = null;
            if (svid.Id != options.Issuer)
            {
                svid.Dispose();
                throw new SvidUnavailableException($"asked for an SVID of {options.Issuer}, was given one of {svid.Id}");
            }

            var signer = StatementSigner.WithSvid(svid.Id, svid.Key, svid.Chain);
            _signer?.Dispose();
            _svid?.Dispose();
            (_svid, _signer, IsChainDue, LastFailure) = (svid, signer, true, null);
        }
        catch (SvidUnavailableException e)
        {
            _fetch = null;
            LastFailure = e.Message;
            options.Log($"no new SVID for {options.Issuer}: {e.Message}; {(usable ? "the present one is still good" : "records wait unsigned")}");
            _askAgain = options.Time.GetUtcNow() + RotationRetryPause;
            if (!usable)
            {
                await Task.Delay(RetryPause, cancellationToken);
                _svid?.Dispose();
                _svid = null; // fetched anew at once
            }
        }
    }
}
