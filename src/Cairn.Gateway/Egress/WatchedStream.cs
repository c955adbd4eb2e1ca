using System.Net.Sockets;

namespace Cairn.Gateway.Egress;

/// <summary>Which end of an exchange.</summary>
internal enum Side
{
    /// <summary>Whoever asked.</summary>
    Client,

    /// <summary>The host that was asked for.</summary>
    Host,
}

/// <summary>A connection is gone, or was silent for too long.</summary>
/// <param name="side">Whose.</param>
/// <param name="isTimeout">Whether it was silence.</param>
internal sealed class ConnectionLostException(Side side, bool isTimeout)
    : Exception($"the {(side == Side.Client ? "client" : "host")} {(isTimeout ? "was silent for too long" : "is gone")}")
{
    public Side Side { get; } = side;

    public bool IsTimeout { get; } = isTimeout;
}

/// <summary>A connection that says whose failure a failure is, and that is not waited for forever.</summary>
internal sealed class WatchedStream(Socket socket, Side side, TimeSpan silence) : Stream
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    /// <summary>How long it may be silent.</summary>
    public TimeSpan Silence { get; set; } = silence;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        WatchAsync((_stream, buffer), static (state, ct) => state._stream.ReadAsync(state.buffer, ct), cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await WatchAsync((_stream, buffer), static async (state, ct) =>
        {
            await state._stream.WriteAsync(state.buffer, ct).ConfigureAwait(false);
            return 0;
        }, cancellationToken).ConfigureAwait(false);

    /// <summary>Nothing more is sent; what comes is still read.</summary>
    public void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other side was faster.
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _stream.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> WatchAsync<TState>(TState state, Func<TState, CancellationToken, ValueTask<int>> act, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(Silence);
        try
        {
            return await act(state, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ConnectionLostException(side, isTimeout: true);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            throw new ConnectionLostException(side, isTimeout: false);
        }
    }
}
