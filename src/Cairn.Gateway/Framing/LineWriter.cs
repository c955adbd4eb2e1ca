namespace Cairn.Gateway.Framing;

/// <summary>
/// Writes whole lines to one stream for several writers: no line is ever cut by another. A peer that closed its end
/// makes <see cref="IsBroken"/> true, after which writes do nothing: the peer's end is then seen by whoever reads from it.
/// </summary>
internal sealed class LineWriter(Stream stream) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>True when the reader of this stream is gone.</summary>
    public bool IsBroken { get; private set; }

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
            IsBroken = true;
            return false;
        }
    }

    /// <summary>Closes the stream: the peer reads its end.</summary>
    public async ValueTask CloseAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!IsBroken)
            {
                IsBroken = true;
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
