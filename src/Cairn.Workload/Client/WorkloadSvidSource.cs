using Cairn.Evidence;
using Cairn.Identity;

namespace Cairn.Workload;

/// <summary>How a source of SVIDs keeps to its Workload API.</summary>
public sealed record WorkloadSourceOptions
{
    /// <summary>The identity to take, where the process has several; null for the default one.</summary>
    public SpiffeId? Id { get; init; }

    /// <summary>The first pause after a stream broke; pauses double, each cut by up to half at random.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits for an SVID when none is there that lasts.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where it says what a person should know. By default stderr.</summary>
    public Action<string> Log { get; init; } = static message => Console.Error.WriteLine($"cairn: {message}");
}

/// <summary>
/// One emitter's SVIDs from a Workload API. Keeps one stream open and starts it again when it breaks; the first request
/// is answered with the SVID at hand, each later one when a newer has come. An SVID that ends without a successor leaves
/// nothing to sign with: requests fail, and say why.
/// </summary>
public sealed class WorkloadSvidSource : ISvidSource, IAsyncDisposable
{
    private readonly WorkloadClient _client;
    private readonly WorkloadSourceOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private readonly Lock _turn = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WorkloadSvid? _newest;
    private bool _isGiven;
    private string? _failure;

    /// <summary>A source; its stream is opened at once.</summary>
    public WorkloadSvidSource(WorkloadEndpoint endpoint, WorkloadSourceOptions? options = null)
    {
        _options = options ?? new WorkloadSourceOptions();
        _client = new WorkloadClient(endpoint, _options.Time);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Where the Workload API is.</summary>
    public WorkloadEndpoint Endpoint => _client.Endpoint;

    /// <summary>Who this process is, once the Workload API has said it for the first time.</summary>
    /// <exception cref="SvidUnavailableException">It did not within the patience; the message says why.</exception>
    public async Task<SpiffeId> IdentifyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_turn)
            {
                if (_newest is { } svid)
                {
                    return svid.Id;
                }

                changed = _changed.Task;
            }

            await WaitAsync(changed, _options.Patience, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Svid> FetchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            TimeSpan left;
            lock (_turn)
            {
                var now = _options.Time.GetUtcNow();
                if (_newest is { } svid && !_isGiven && now < svid.NotAfter)
                {
                    _isGiven = true;
                    return svid.Open();
                }

                // While the one that was given lasts there is no hurry; after that, a failure has to be told.
                left = _newest is { } given && now < given.NotAfter ? given.NotAfter - now : _options.Patience;
                changed = _changed.Task;
            }

            await WaitAsync(changed, left, cancellationToken);
        }
    }

    /// <summary>Closes the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task WaitAsync(Task changed, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(patience, _options.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            lock (_turn)
            {
                if (_newest is null || _options.Time.GetUtcNow() >= _newest.NotAfter)
                {
                    var ended = _newest is null ? "" : $"; the last one, of {_newest.Id}, ended at {_newest.NotAfter:u}";
                    throw new SvidUnavailableException($"no SVID: {_failure ?? $"the Workload API at {Endpoint} has not answered yet"}{ended}");
                }
            }
        }
    }

    private async Task WatchAsync()
    {
        var pause = _options.FirstPause;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var update in _client.WatchX509Async(_stop.Token))
                {
                    Take(update);
                    pause = _options.FirstPause;
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is WorkloadApiException or SvidUnavailableException)
            {
                Note(error.Message);
            }

            try
            {
                await Task.Delay(pause * (1 - (Random.Shared.NextDouble() / 2)), _options.Time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 < _options.LongestPause ? pause * 2 : _options.LongestPause;
        }
    }

    private void Take(X509Update update)
    {
        // An emitter is one issuer for all of its life: the first identity is kept to, even when the default one changes.
        var wanted = _options.Id ?? _newest?.Id;
        var svid = wanted is null ? update.Svids[0] : update.Svids.FirstOrDefault(one => one.Id == wanted);
        if (svid is null)
        {
            throw new SvidUnavailableException($"the Workload API at {Endpoint} does not give this process {wanted}; it gives {string.Join(", ", update.Svids.Select(one => one.Id))}");
        }

        TaskCompletionSource changed;
        lock (_turn)
        {
            (_newest, _isGiven, _failure) = (svid, false, null);
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }

    private void Note(string failure)
    {
        bool isNew;
        lock (_turn)
        {
            isNew = _failure != failure;
            _failure = failure;
        }

        if (isNew)
        {
            _options.Log($"{failure}; asking again");
        }
    }
}
