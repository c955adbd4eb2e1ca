using System.Collections.Concurrent;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tiles;
using Cairn.Ledger.Sequencing;

namespace Cairn.Ledger.Witnessing;

/// <summary>
/// Brings each signed head to the witnesses and their cosignatures back. It works beside the sequencer, in the process that
/// holds its lock, and nothing that acknowledges evidence waits for it. A round takes the newest head and asks every witness
/// that is not away; it ends with the quorum or with the last answer, so that all of a round's cosignatures are of one head.
/// A witness that fails is left alone for a while that doubles, and then gets the newest head.
/// </summary>
internal sealed class CosignatureGatherer : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly LedgerDirectory _directory;
    private readonly SignedHeads _heads;
    private readonly WitnessPolicy _policy;
    private readonly EmbeddedLedgerOptions _options;
    private readonly WitnessClient _client;
    private readonly TileTree _tree;
    private readonly ConcurrentDictionary<WitnessEndpoint, WitnessState> _states = [];
    private readonly ConcurrentDictionary<WitnessEndpoint, Task> _asking = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly Task _loop;
    private WitnessProgress? _written;
    private DateTimeOffset? _missingSince;
    private volatile bool _urgent;

    public CosignatureGatherer(LedgerDirectory directory, SignedHeads heads, WitnessPolicy policy, EmbeddedLedgerOptions options)
    {
        (_directory, _heads, _policy, _options) = (directory, heads, policy, options);
        _client = new WitnessClient(options.WitnessTimeout, options.Log);
        _tree = new TileTree(new TileFolder(directory.TilesPath));
        var before = WitnessProgress.Read(directory);
        _missingSince = before.MissingSince;
        foreach (var endpoint in policy.Endpoints)
        {
            var state = before.Witnesses.GetValueOrDefault(endpoint.Url.AbsoluteUri) ?? new WitnessState();
            _states[endpoint] = options.WitnessAfresh ? state with { NotBefore = null } : state;
        }

        _loop = Task.Run(RunAsync);
    }

    /// <summary>There is a newer head.</summary>
    public void Notify()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Awake already.
        }
        catch (ObjectDisposedException)
        {
            // It ended in this moment: the next process that signs asks.
        }
    }

    /// <summary>Somebody waits for a final checkpoint: the next round comes without a pause.</summary>
    public void Hurry()
    {
        _urgent = true;
        Notify();
    }

    /// <summary>Ends after one round for the newest head, which is not waited for longer than one witness is.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _abandon.CancelAfter(_options.WitnessTimeout);
        await _loop;
        await Task.WhenAll(_asking.Values);
        _client.Dispose();
        _wake.Dispose();
        _stop.Dispose();
        _abandon.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            var stopping = _stop.IsCancellationRequested;
            _urgent = false;
            var began = Environment.TickCount64;
            try
            {
                await RoundAsync();
            }
            catch (IOException problem)
            {
                Hindered(problem);
            }
            catch (Exception problem) when (problem is EvidenceFormatException or LedgerInconsistentException)
            {
                _options.Log($"cairn: no cosignatures are gathered by this process any more: {problem.Message}");
                return;
            }

            if (stopping)
            {
                return;
            }

            await ((Task)_wake.WaitAsync(UntilNextDue(), _stop.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_urgent && _options.WitnessEvery - TimeSpan.FromMilliseconds(Environment.TickCount64 - began) is { Ticks: > 0 } rest)
            {
                await Task.Delay(rest, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Asks, for the newest head, every witness that has not cosigned it, is not being asked and may be asked again.</summary>
    private async Task RoundAsync()
    {
        if (_heads.Newest() is not { } note)
        {
            return;
        }

        var now = _options.Time.GetUtcNow();
        var round = new List<Task<SignedNote?>>();
        foreach (var endpoint in _policy.Endpoints.Where(endpoint => !HasCosigned(note, endpoint) && IsDue(endpoint, now)))
        {
            if (!_asking.TryGetValue(endpoint, out var asked) || asked.IsCompleted)
            {
                var asking = Task.Run(() => AskAsync(endpoint, note));
                round.Add(asking);
                _asking[endpoint] = asking;
            }
        }

        var isMet = false;
        while (round.Count > 0 && !isMet)
        {
            var done = await Task.WhenAny(round);
            round.Remove(done);
            isMet = await done is { } merged && _policy.Policy.Quorum is not null && _policy.Standing(merged).IsMet;
        }

        Settle(Checkpoint.Of(note).Size);
    }

    /// <summary>One witness for one head; null when it did not cosign.</summary>
    private async Task<SignedNote?> AskAsync(WitnessEndpoint endpoint, SignedNote note)
    {
        var state = _states[endpoint];
        var size = Checkpoint.Of(note).Size;
        try
        {
            // What others cosigned is theirs: a witness gets the log's signatures.
            var plain = new SignedNote(note.Body, [.. note.Signatures.Where(line => line.Name == _directory.Origin)]);
            var merged = _heads.Add(note, await _client.AskAsync(endpoint, plain, state.Size, _tree, _abandon.Token));
            _states[endpoint] = new WitnessState { Size = size, CosignedAt = _options.Time.GetUtcNow() };
            if (state.Failures > 0)
            {
                _options.Log($"cairn: the witness {endpoint.Name} cosigns again, after {state.Failures} failures");
            }

            return merged;
        }
        catch (Exception problem) when (problem is WitnessFailureException or LedgerInconsistentException or EvidenceFormatException)
        {
            Failed(endpoint, state, size, problem.Message);
        }
        catch (IOException problem)
        {
            Hindered(problem);
            Failed(endpoint, state, size, problem.Message);
        }
        catch (OperationCanceledException)
        {
            // The process ends: the next one asks.
        }
        finally
        {
            Notify();
        }

        return null;
    }

    private void Failed(WitnessEndpoint endpoint, WitnessState state, long size, string problem)
    {
        var now = _options.Time.GetUtcNow();
        var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, _options.WitnessEvery.TotalSeconds * Math.Pow(2, Math.Min(state.Failures, 20))));
        _states[endpoint] = state with { Failures = state.Failures + 1, FailingSince = state.FailingSince ?? now, NotBefore = now + pause, Problem = problem };
        if (state.Failures == 0 || state.Problem != problem)
        {
            _options.Log($"cairn: the witness {endpoint.Name} did not cosign the checkpoint of size {size}: {problem}");
        }
    }

    /// <summary>A full disk passes; after any other failed write nobody knows what the disk holds.</summary>
    private void Hindered(IOException problem)
    {
        if (!SequencerLoop.IsFull(problem))
        {
            _options.Fatal($"a cosigned checkpoint could not be written: {problem.Message}", problem);
        }
    }

    private bool IsDue(WitnessEndpoint endpoint, DateTimeOffset now) => _states[endpoint].NotBefore is not { } notBefore || notBefore <= now;

    private static bool HasCosigned(SignedNote note, WitnessEndpoint endpoint) =>
        endpoint.Witnesses.All(witness => note.Signatures.Any(line => line.KeyId == witness.Key.KeyId && line.Name == witness.Key.Name));

    /// <summary>When the first witness that failed may be asked again; without any, a while in which a notice is missed by nobody.</summary>
    private TimeSpan UntilNextDue()
    {
        var now = _options.Time.GetUtcNow();
        var next = _states.Values.Where(state => state.NotBefore > now).Select(state => state.NotBefore!.Value - now).Append(TimeSpan.FromSeconds(30)).Min();
        return next + TimeSpan.FromMilliseconds(10);
    }

    /// <summary>Writes down how it went, where that has changed.</summary>
    private void Settle(long size)
    {
        var isMet = _heads.Final() is { } final && Checkpoint.Of(final).Size >= size;
        if (!isMet && _missingSince is null)
        {
            _missingSince = _options.Time.GetUtcNow();
            _options.Log($"cairn: the checkpoint of size {size} lacks its quorum {_policy.Policy.Quorum}: it is not final until witnesses cosign");
        }
        else if (isMet && _missingSince is { } since)
        {
            _options.Log($"cairn: the quorum {_policy.Policy.Quorum} is met again; it was missing since {since.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}");
            _missingSince = null;
        }

        var progress = new WitnessProgress { MissingSince = _missingSince, Witnesses = _states.ToDictionary(pair => pair.Key.Url.AbsoluteUri, pair => pair.Value) };
        if (_written is null || _written.MissingSince != progress.MissingSince || progress.Witnesses.Any(pair => _written.Witnesses.GetValueOrDefault(pair.Key) != pair.Value))
        {
            progress.Write(_directory);
            _written = progress;
        }
    }
}
