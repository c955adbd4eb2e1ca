using Cairn.Identity.Files;
using Cairn.Ledger.Journal;
using Cairn.Ledger.Witnessing;
using Microsoft.Data.Sqlite;

namespace Cairn.Ledger.Sequencing;

/// <summary>
/// The task in each process that tries to become the sequencer, and works as it while it holds the lock. The lock is the
/// kernel's: a process that is killed loses it in the same moment, and another one goes on.
/// </summary>
internal sealed class SequencerLoop : IAsyncDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // SQLITE_FULL, SQLITE_BUSY, SQLITE_LOCKED: https://www.sqlite.org/rescode.html
    private const int Full = 13;
    private const int Busy = 5;
    private const int Locked = 6;
    private readonly LedgerDirectory _directory;
    private readonly EmbeddedLedgerOptions _options;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private volatile bool _urgent;
    private readonly WitnessPolicy? _witnesses;
    private readonly SignedHeads _heads;
    private volatile CosignatureGatherer? _gatherer;
    private bool _saidHindered;

    public SequencerLoop(LedgerDirectory directory, EmbeddedLedgerOptions options, WitnessPolicy? witnesses, SignedHeads heads)
    {
        (_directory, _options, _witnesses, _heads) = (directory, options, witnesses, heads);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Why this process does not sequence any more; null while it does or waits for its turn.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Statements were acknowledged: a checkpoint is due within the interval.</summary>
    public void Notify() => Release();

    /// <summary>Somebody waits for a checkpoint: make it now.</summary>
    public void Hurry()
    {
        _urgent = true;
        _gatherer?.Hurry();
        Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _wake.Dispose();
    }

    private void Release()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Awake already.
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                using var held = FileLock.TryTake(_directory.SequencerLockPath);
                if (held is not null)
                {
                    await WorkUntilHinderedAsync();
                }
                else
                {
                    await Task.Delay(TryAgain, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
        catch (SqliteException problem) when (JournalFailure.IsFsync(problem))
        {
            _options.Fatal("fsync failed on the journal while a checkpoint was signed", problem);
        }
        catch (IOException problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            // What isn't there was not half written: it is missed, and nothing is signed without it.
            Failure = new LedgerInconsistentException($"a part of the ledger at {_directory.Root} is missing: {problem.Message} Put it back from where this directory was copied; `cairn fsck` names what is missing");
            _options.Log($"cairn: no checkpoints are made by this process any more: {Failure.Message}");
        }
        catch (IOException problem) when (!IsFull(problem))
        {
            // A tile or checkpoint could not be made durable: nobody knows what the disk holds.
            _options.Fatal($"the ledger's files could not be written: {problem.Message}", problem);
        }
        catch (Exception problem) when (problem is LedgerInconsistentException or LedgerDirectoryException or SqliteException or Evidence.EvidenceFormatException)
        {
            Failure = problem;
            _options.Log($"cairn: no checkpoints are made by this process any more: {problem.Message}");
        }
    }

    /// <summary>
    /// A full disk or a busy journal is no reason to end: a step that could not be staged, decided or published is done
    /// again from the journal, in new files, when it can be.
    /// </summary>
    private async Task WorkUntilHinderedAsync()
    {
        try
        {
            await WorkAsync();
        }
        catch (Exception problem) when ((problem is IOException io && IsFull(io)) || problem is SqliteException { SqliteErrorCode: Full or Busy or Locked })
        {
            if (!_saidHindered)
            {
                _options.Log($"cairn: no checkpoint can be made now, and it is tried again: {problem.Message}");
            }

            _saidHindered = true;
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>ENOSPC, EDQUOT (122 on Linux, 69 on BSD and macOS) or EFBIG: .NET keeps the errno in HResult.</summary>
    internal static bool IsFull(IOException problem) => problem.HResult is 28 or 122 or 69 or 27;

    /// <summary>Under the lock: recovers, then integrates until told to stop; what waits at the end is still integrated.</summary>
    private async Task WorkAsync()
    {
        using var journal = Journal.Journal.Open(_directory.JournalPath, _directory.Origin);
        using var sequencer = new Sequencer(_directory, journal, _heads, _options.Time, _options.Step, _options.Log);
        await sequencer.RecoverAsync(CancellationToken.None);
        await using var gatherer = _witnesses is null ? null : new CosignatureGatherer(_directory, _heads, _witnesses, _options);
        _gatherer = gatherer;
        while (true)
        {
            var stopping = _stop.IsCancellationRequested;
            _urgent = false;

            // One checkpoint for an interval. Going on for as long as statements come would sign and fsync without a pause,
            // on the same disk that the writers of those statements wait for.
            while (await sequencer.IntegrateAsync(CancellationToken.None))
            {
                gatherer?.Notify();
                if (!stopping && !sequencer.IsFarBehind)
                {
                    break;
                }
            }

            if (stopping)
            {
                return;
            }

            // Other processes' statements are only seen by looking; their number is one cheap query.
            await ((Task)_wake.WaitAsync(_options.CheckpointEvery, _stop.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_urgent)
            {
                await Task.Delay(_options.CheckpointEvery, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
