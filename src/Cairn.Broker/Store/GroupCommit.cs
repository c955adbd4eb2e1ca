using System.Threading.Channels;

namespace Cairn.Broker.Store;

/// <summary>
/// Writes that come together are one transaction: they share its fsync, and no caller's thread waits for the disk. Each is
/// durable when its task ends. They happen in the order in which they were asked for.
/// </summary>
/// <param name="commit">Runs these writes in one transaction and gives how many rows each changed; all or none of them.</param>
internal sealed class GroupCommit(Func<IReadOnlyList<StoreWrite>, IReadOnlyList<int>> commit)
{
    private const int Most = 128;
    private readonly Channel<(StoreWrite Write, TaskCompletionSource<int> Done)> _waiting =
        Channel.CreateBounded<(StoreWrite, TaskCompletionSource<int>)>(new BoundedChannelOptions(1024) { SingleReader = true });

    private Task? _loop;

    /// <summary>Begins to take writes.</summary>
    public void Start() => _loop = Task.Run(LoopAsync);

    /// <summary>One write.</summary>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> RunAsync(StoreWrite write)
    {
        var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync((write, done));
        return await done.Task;
    }

    /// <summary>Takes no more, and ends when what was taken is done.</summary>
    public async Task StopAsync()
    {
        _waiting.Writer.TryComplete();
        await (_loop ?? Task.CompletedTask);
    }

    private async Task LoopAsync()
    {
        while (await _waiting.Reader.WaitToReadAsync())
        {
            var batch = new List<(StoreWrite Write, TaskCompletionSource<int> Done)>();
            while (batch.Count < Most && _waiting.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            try
            {
                var changed = commit([.. batch.Select(b => b.Write)]);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Done.SetResult(changed[i]);
                }
            }
            catch (Exception e)
            {
                // Each caller gets it, and decides what it means for what it was about.
                batch.ForEach(b => b.Done.SetException(e));
            }
        }
    }
}

/// <summary>One statement that changes the store.</summary>
/// <param name="Sql">Its text.</param>
/// <param name="Values">Its parameters.</param>
internal sealed record StoreWrite(string Sql, params (string Name, object? Value)[] Values);
