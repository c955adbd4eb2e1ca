using System.Buffers;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>A body is longer than what is looked into.</summary>
internal sealed class BodyTooLongException(long limit) : Exception($"the message is longer than {limit} bytes");

/// <summary>A body read whole, and the room that it takes.</summary>
internal sealed class HeldBody : IDisposable
{
    /// <summary>What is read before room is asked for: most messages are no longer.</summary>
    private const int Free = 16 * 1024;

    private readonly IDisposable? _room;
    private byte[]? _buffer;
    private readonly int _length;

    private HeldBody(byte[] buffer, int length, IDisposable? room) => (_buffer, _length, _room) = (buffer, length, room);

    public ReadOnlyMemory<byte> Bytes => new(_buffer ?? throw new ObjectDisposedException(nameof(HeldBody)), 0, _length);

    /// <summary>Reads a body to its end.</summary>
    /// <param name="stream">The body.</param>
    /// <param name="announced">Its length, where it was announced.</param>
    /// <param name="limit">Longest body in bytes.</param>
    /// <param name="budget">Where the room comes from.</param>
    /// <param name="reading">Told whenever bytes have come.</param>
    /// <param name="cancellationToken">Nobody waits for it any more.</param>
    /// <exception cref="BodyTooLongException">It is longer than the limit.</exception>
    public static async Task<HeldBody> ReadAsync(Stream stream, long? announced, int limit, BodyBudget budget, Action? reading, CancellationToken cancellationToken)
    {
        if (announced > limit)
        {
            throw new BodyTooLongException(limit);
        }

        IDisposable? room = null;
        var buffer = ArrayPool<byte>.Shared.Rent(Free);
        var length = 0;
        try
        {
            while (true)
            {
                // One byte beyond the limit tells a body that is too long from one that just fits.
                var space = Math.Min(buffer.Length, limit + 1) - length;
                if (space == 0)
                {
                    // Asked for once and for all that may come: nobody waits for room while holding some.
                    room ??= await budget.TakeAsync(announced ?? limit, cancellationToken).ConfigureAwait(false);
                    buffer = Grown(buffer, length, announced, limit);
                    continue;
                }

                var read = await stream.ReadAsync(buffer.AsMemory(length, space), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    return new HeldBody(buffer, length, room);
                }

                length += read;
                reading?.Invoke();
                if (length > limit)
                {
                    throw new BodyTooLongException(limit);
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            room?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _room?.Dispose();
        }
    }

    private static byte[] Grown(byte[] buffer, int length, long? announced, int limit)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(2L * length, (announced ?? 0) + 1), limit + 1L));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
