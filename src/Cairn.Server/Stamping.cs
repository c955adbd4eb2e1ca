using Cairn.Ledger;
using Cairn.Ledger.Timestamps;

namespace Cairn.Server;

/// <summary>Has the newest checkpoint stamped as long as the server runs. An authority that fails is a line in the log: evidence goes on without it.</summary>
internal sealed class Stamping : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public Stamping(LedgerDirectory directory, EmbeddedLedger ledger, CairnServerOptions options) => _loop = RunAsync(directory, ledger, options);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync(LedgerDirectory directory, EmbeddedLedger ledger, CairnServerOptions options)
    {
        try
        {
            await TimestampRound.KeepAsync(
                directory, () => ledger.Checkpoint, options.TimestampEvery, options.Time, answer => options.Log(answer.Problem ?? $"{answer.Service} stamped the checkpoint of size {answer.Size}"), _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception problem) when (problem is TimestampException or IOException)
        {
            options.Log($"checkpoints are not stamped any more: {problem.Message}");
        }
    }
}
