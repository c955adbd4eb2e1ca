namespace Cairn.Gateway.Admission;

/// <summary>Bounds the messages that have stepped aside to wait: they hold no line up, but they take memory.</summary>
/// <param name="seats">Messages that may wait.</param>
/// <param name="capacity">Bytes that may wait.</param>
internal sealed class WaitingRoom(int seats, long capacity)
{
    private int _taken;
    private long _bytes;

    /// <summary>No further message should come. Those already on their way may still do.</summary>
    public bool IsFull => Volatile.Read(ref _taken) >= seats || Interlocked.Read(ref _bytes) >= capacity;

    /// <summary>Messages that wait.</summary>
    public int Taken => Volatile.Read(ref _taken);

    public void Enter(int bytes)
    {
        Interlocked.Increment(ref _taken);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void Leave(int bytes)
    {
        Interlocked.Decrement(ref _taken);
        Interlocked.Add(ref _bytes, -bytes);
    }
}
