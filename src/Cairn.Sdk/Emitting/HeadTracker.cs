using Cairn.Evidence.Merkle;
using Cairn.Evidence.Submissions;

namespace Cairn.Sdk.Emitting;

/// <summary>
/// The newest checkpoint that this emitter knows; statements name it, which proves that they were signed after it. Never
/// goes back: a ledger that shows a smaller or another tree is spoken of in the log, and the known head stays.
/// </summary>
internal sealed class HeadTracker(ILedgerClient ledger, EmitterOptions options) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Signal _acknowledged = new();
    private Box? _known; // a reference, so that the sealer reads it whole
    private bool _hasComplained;

    public TreeHead? Known => Volatile.Read(ref _known)?.Head;

    /// <summary>The ledger has taken something: a newer checkpoint is to be expected.</summary>
    public void Nudge() => _acknowledged.Set();

    /// <summary>Asks the ledger once; an unreachable ledger is no error here.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await ledger.NewestHeadAsync(cancellationToken) is { } head)
            {
                Adopt(head);
            }
        }
        catch (LedgerUnavailableException)
        {
            // Delivery meets the same outage, retries and reports it; statements go on naming the head known before.
        }
    }

    /// <summary>Refreshes after acknowledgements, at most once a second, until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _acknowledged.WaitAsync(Timeout.InfiniteTimeSpan, stop);
                await Task.Delay(Pause, stop);
                await RefreshAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    public void Dispose() => _acknowledged.Dispose();

    private void Adopt(TreeHead head)
    {
        if (Known is { } known && (head.Size < known.Size || (head.Size == known.Size && head.Root != known.Root)))
        {
            if (!_hasComplained)
            {
                _hasComplained = true;
                options.Log($"the ledger's checkpoint contradicts an earlier one: had size {known.Size} root {known.Root}, was shown size {head.Size} root {head.Root}. It was set back or shows different trees to different readers");
            }

            return;
        }

        Volatile.Write(ref _known, new Box(head));
    }

    private sealed record Box(TreeHead Head);
}
