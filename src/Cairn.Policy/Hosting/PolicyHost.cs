using System.Diagnostics.CodeAnalysis;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;
using Cairn.Policy.Hosting;

namespace Cairn.Policy;

/// <summary>
/// Decides under a bundle, and takes a changed one into use between two calls: each call is decided whole under the bundle
/// that was in use when it came in. A bundle that can't be used changes nothing.
/// </summary>
public sealed class PolicyHost : IPolicyDecisionPoint, IAsyncDisposable
{
    private const int MostErrors = 32;
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(500);

    private readonly PolicyHostOptions _options;
    private readonly BundleSource _source;
    private readonly CedarModule _module;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;
    private volatile LoadedBundle? _current;
    private bool _disposed;

    private PolicyHost(PolicyHostOptions options, CedarModule module) => (_options, _source, _module) = (options, new BundleSource(options.Path), module);

    /// <summary>The bundle in use.</summary>
    public LoadedBundle Current => _current ?? throw new ObjectDisposedException(nameof(PolicyHost));

    /// <summary>Loads the bundle; when this returns, it decides.</summary>
    /// <exception cref="PolicyBundleException">It can't be used; the exception has every problem, with file and line.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static async ValueTask<PolicyHost> OpenAsync(PolicyHostOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var host = new PolicyHost(options, await Task.Run(() => CedarModule.Shared, cancellationToken).ConfigureAwait(false));
        var seen = host._source.Signature();
        try
        {
            var loaded = await Task.Run(() => host.Load(out _), cancellationToken).ConfigureAwait(false);
            try
            {
                await host.UseAsync(loaded, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                loaded.Retire();
                throw;
            }
        }
        catch
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        if (options.Watch)
        {
            host._watching = Task.Run(() => host.WatchAsync(seen), CancellationToken.None);
        }

        return host;
    }

    /// <inheritdoc/>
    public async ValueTask<PolicyDecision> DecideAsync(AuthorizationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var started = _options.Time.GetTimestamp();
        var bundle = Enter();
        try
        {
            var input = DecisionInput.Write(request, bundle.Bundle.Manifest);
            var evaluation = await bundle.Evaluator.EvaluateAsync(input, cancellationToken).ConfigureAwait(false);
            return new PolicyDecision
            {
                Outcome = evaluation.Outcome,
                Mode = bundle.Mode,
                Bundle = bundle.Digest,
                Version = bundle.Version,
                EntryPoint = "authorize",
                Input = input,
                KeepInput = evaluation.KeepInput,
                KeepContent = evaluation.KeepContent,
                Determining = evaluation.Determining,
                Errors = evaluation.Errors,
                Obligations = evaluation.Obligations,
                Reason = evaluation.Reason,
                Approvers = evaluation.Approvers,
                ApprovalTimeout = evaluation.ApprovalTimeout,
                Credential = evaluation.Credential,
                Engine = bundle.Engine,
                Duration = _options.Time.GetElapsedTime(started),
            };
        }
        finally
        {
            bundle.Leave();
        }
    }

    /// <summary>Looks for a changed bundle now.</summary>
    /// <returns>True when another one is in use afterwards.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up; the old one stays.</exception>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever Changing throws keeps the old bundle, with a line in the log: a change that nobody could record must not happen.")]
    public async ValueTask<bool> ReloadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        LoadedBundle? next = null;
        try
        {
            next = await TryLoadAsync(cancellationToken).ConfigureAwait(false);
            if (next is null || (next.Digest == Current.Digest && next.Mode == Current.Mode))
            {
                return false;
            }

            await UseAsync(next, cancellationToken).ConfigureAwait(false);
            next = null;
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await _options.Log.WriteLineAsync($"cairn: the changed policy is not taken into use: {e.Message}").ConfigureAwait(false);
            return false;
        }
        finally
        {
            next?.Retire();
            _turn.Release();
        }
    }

    /// <summary>Stops; calls that are under way are still decided. Calls after the first do nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        await _turn.WaitAsync().ConfigureAwait(false);
        var last = _current;
        _current = null;
        last?.Retire();
        _turn.Release();
        _stopping.Dispose();
    }

    private LoadedBundle Enter()
    {
        while (true)
        {
            var current = Current;
            if (current.TryEnter())
            {
                return current;
            }
        }
    }

    /// <summary>Reads, checks and warms a bundle: the first call under it must not pay for it.</summary>
    private LoadedBundle Load(out BundleFiles? files)
    {
        files = null;
        (files, var mode) = _source.Read();
        var bundle = PolicyBundle.Load(files, _module);
        var evaluator = new PolicyEvaluator(bundle, _module);
        foreach (var probe in bundle.Actions.Requestable.SelectMany(action => Probes.Of(action, bundle.Manifest)))
        {
            evaluator.Evaluate(probe);
        }

        return new LoadedBundle(evaluator, _options.Mode ?? mode ?? bundle.Manifest.Mode, _module.Identity);
    }

    private async ValueTask<LoadedBundle?> TryLoadAsync(CancellationToken cancellationToken)
    {
        BundleFiles? files = null;
        try
        {
            return await Task.Run(() => Load(out files), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PolicyBundleException or IOException or UnauthorizedAccessException)
        {
            await RejectAsync(files, e, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    private async ValueTask UseAsync(LoadedBundle next, CancellationToken cancellationToken)
    {
        if (_options.Changing is { } changing)
        {
            await changing(
                new BundleChange(true, next.Digest, next.Name, next.Version, next.Mode, _current?.Digest, [], next.Engine), cancellationToken).ConfigureAwait(false);
        }

        var last = _current;
        _current = next;
        last?.Retire();
    }

    private async ValueTask RejectAsync(BundleFiles? files, Exception why, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> errors = why is PolicyBundleException bundle
            ? [.. bundle.Problems.Where(p => !p.IsWarning).Take(MostErrors).Select(p => p.ToString())] : [why.Message];
        await _options.Log.WriteLineAsync($"cairn: the changed policy can't be used, and the one before stays: {errors[0]}").ConfigureAwait(false);
        var manifest = files is null ? null : ManifestReader.Read(files, []);
        if (_options.Changing is { } changing)
        {
            await TellAsync(
                changing,
                new BundleChange(false, files?.Digest, manifest?.Name, manifest?.Version, _options.Mode ?? manifest?.Mode ?? Current.Mode, Current.Digest, errors, _module.Identity),
                cancellationToken).ConfigureAwait(false);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A rejection that can't be recorded changes nothing about it; it is logged.")]
    private async ValueTask TellAsync(Func<BundleChange, CancellationToken, ValueTask> changing, BundleChange change, CancellationToken cancellationToken)
    {
        try
        {
            await changing(change, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await _options.Log.WriteLineAsync($"cairn: that the policy was rejected could not be recorded: {e.Message}").ConfigureAwait(false);
        }
    }

    /// <summary>Looks twice before it loads: a folder that changed a moment ago may change still.</summary>
    private async Task WatchAsync(string seen)
    {
        using var timer = new PeriodicTimer(WatchPeriod, _options.Time);
        var last = seen;
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                var now = _source.Signature();
                if (now != seen && now == last)
                {
                    await ReloadAsync(_stopping.Token).ConfigureAwait(false);
                    seen = now;
                }

                last = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The host ends.
        }
    }
}
