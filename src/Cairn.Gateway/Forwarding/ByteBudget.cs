namespace Cairn.Gateway.Forwarding;

/// <summary>
/// Bounds the memory of messages on their way in one direction. A reader takes before it hands a line on and blocks
/// while too much is under way: that is the backpressure a pipe would give. One message larger than the whole budget
/// passes alone.
/// </summary>
/// <param name="capacity">Bytes that may be under way.</param>
internal sealed class ByteBudget(long capacity)
{
    /// <summary>What a message costs besides its bytes, so that a flood of tiny ones is bounded too.</summary>
    private const int Overhead = 512;

    private readonly object _gate = new();
    private long _taken;
    private bool _closed;

    /// <summary>Takes room for a message of <paramref name="bytes"/> bytes, waiting until there is some.</summary>
    public void Take(int bytes)
    {
        lock (_gate)
        {
            while (_taken > 0 && _taken + bytes + Overhead > capacity && !_closed)
            {
                Monitor.Wait(_gate);
            }

            _taken += bytes + Overhead;
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Release(int bytes)
    {
        lock (_gate)
        {
            _taken -= bytes + Overhead;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Lets every waiting reader go: the direction is closed.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
