namespace Cairn.Gateway.Framing;

/// <summary>
/// Writes whole lines to one stream for several writers: no line is ever cut by another. A peer that closed its end
/// makes <see cref="IsBroken"/> true, after which writes do nothing: the peer's end is then seen by whoever reads from it.
/// </summary>
internal sealed class LineWriter(Stream stream) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when the reader of this stream is gone, or the stream is closed.</summary>
    public bool IsBroken => _broken.Task.IsCompleted;

    /// <summary>Completes when <see cref="IsBroken"/> becomes true.</summary>
    public Task Broken => _broken.Task;

    /// <summary>Writes and flushes.</summary>
    /// <returns>False when the peer is gone and the bytes were not delivered.</returns>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await _gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            return await WriteHeldAsync(bytes, ct).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Takes the stream for a line that comes in several parts; no other line is written until it is disposed.</summary>
    public async ValueTask<Hold> HoldAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct).ConfigureAwait(false);
        return new Hold(this);
    }

    private async ValueTask<bool> WriteHeldAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (IsBroken)
        {
            return false;
        }

        try
        {
            await stream.WriteAsync(bytes, ct).ConfigureAwait(false);
            await stream.FlushAsync(ct).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // A closed pipe is the peer's ordinary end, reported by the reading side with its exit code.
            _broken.TrySetResult();
            return false;
        }
    }

    /// <summary>Closes the stream: the peer reads its end.</summary>
    public async ValueTask CloseAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_broken.TrySetResult())
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (IOException)
        {
            // The last flush met a closed pipe: closed is what was asked for.
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>The right to write the parts of one line.</summary>
    internal sealed class Hold(LineWriter writer) : IDisposable
    {
        private LineWriter? _writer = writer;

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) =>
            (_writer ?? throw new ObjectDisposedException(nameof(Hold))).WriteHeldAsync(bytes, ct);

        public void Dispose() => Interlocked.Exchange(ref _writer, null)?._gate.Release();
    }
}
