using System.Threading.Channels;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Framing;

namespace Cairn.Gateway.Forwarding;

/// <summary>
/// Carries one direction: a thread reads lines and starts their evidence, a task forwards them in their order, each once
/// its evidence is durable. While one line waits, the evidence of those behind it is already under way, so that parallel
/// calls share one durable write; yet no line overtakes another, but for messages that step aside (<see cref="GuardedForwarding"/>).
/// </summary>
internal sealed class Pump : IDisposable
{
    private readonly Direction _direction;
    private readonly Conversation _conversation;
    private readonly LineReader _reader;
    private readonly LineWriter _target;
    private readonly LineWriter _sender;
    private readonly ByteBudget _budget;
    private readonly TimeProvider _time;
    private readonly GuardedForwarding? _guarded;
    private readonly Channel<Passage> _underWay = Channel.CreateUnbounded<Passage>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly TaskCompletionSource _never = new();
    private readonly TaskCompletionSource _readToEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastRead;
    private long _lastForwarded;
    private int _held;
    private volatile bool _stopped;

    /// <param name="direction">Which way.</param>
    /// <param name="conversation">Understands the lines.</param>
    /// <param name="source">Where lines are read.</param>
    /// <param name="target">Where they are passed on.</param>
    /// <param name="sender">Where the one who sent them is answered.</param>
    /// <param name="options">Limits and clock.</param>
    /// <param name="guarded">Forwards the lines in which a policy decides about something; null where none does.</param>
    public Pump(
        Direction direction, Conversation conversation, Stream source, LineWriter target, LineWriter sender, GatewayOptions options, GuardedForwarding? guarded = null)
    {
        (_direction, _conversation, _target, _sender, _time, _guarded) = (direction, conversation, target, sender, options.Time, guarded);
        _reader = new LineReader(source, options.MaxMessageBytes);
        _budget = new ByteBudget(options.MaxBytesUnderWay);
        _lastRead = _lastForwarded = _time.GetTimestamp();
    }

    /// <summary>Completes when the source is read to its end, or fails when it can't be read.</summary>
    public Task ReadToEnd => _readToEnd.Task;

    /// <summary>Completes when everything that was read is forwarded or answered.</summary>
    public Task Forwarded { get; private set; } = Task.CompletedTask;

    /// <summary>How long nothing was read.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Interlocked.Read(ref _lastRead));

    /// <summary>Lines that are read and neither forwarded nor answered yet.</summary>
    public int UnderWay => Volatile.Read(ref _held);

    /// <summary>How long no line was forwarded or answered.</summary>
    public TimeSpan Standstill => _time.GetElapsedTime(Interlocked.Read(ref _lastForwarded));

    /// <summary>Messages that have stepped aside and wait to be permitted.</summary>
    public int Aside => _guarded?.Aside ?? 0;

    /// <summary>Fails when a message that stepped aside could not be dealt with; never completes otherwise.</summary>
    public Task Failed => _guarded?.Failed ?? _never.Task;

    /// <summary>Completes when what has stepped aside is forwarded, answered or dropped.</summary>
    public Task SettledAsync() => _guarded?.SettledAsync() ?? Task.CompletedTask;

    /// <summary>Starts reading and forwarding.</summary>
    /// <param name="ct">Ends forwarding at once; what is under way is dropped.</param>
    public void Start(CancellationToken ct)
    {
        // Blocking reads on a thread of its own: an asynchronous read of a pipe would hold a pool thread all the same.
        // The thread of the client's side may still be in such a read when the process ends; being a background thread
        // it then ends with it.
        new Thread(ReadAll) { IsBackground = true, Name = $"cairn {_direction}" }.Start();
        Forwarded = ForwardAllAsync(ct);
    }

    /// <summary>Takes no further line; what was read is still forwarded.</summary>
    public void Stop()
    {
        _stopped = true;
        _budget.Close();
        _underWay.Writer.TryComplete();
    }

    public void Dispose() => Stop();

    private void ReadAll()
    {
        try
        {
            while (!_stopped && _reader.Read() is { } line)
            {
                Interlocked.Exchange(ref _lastRead, _time.GetTimestamp());
                _budget.Take(line.Length);
                var passage = _stopped ? new Passage(line, default) : _conversation.Take(_direction, line);
                Interlocked.Increment(ref _held);
                if (!_underWay.Writer.TryWrite(passage))
                {
                    _conversation.Drop(passage);
                    passage.Dispose();
                }
                else if (passage.Guard is { } guard)
                {
                    _guarded!.Start(guard);
                }
            }

            _readToEnd.TrySetResult();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // A pipe that breaks is an end like any other: whoever held it says how it ended.
            _readToEnd.TrySetResult();
        }
#pragma warning disable CA1031 // The run awaits this task and reports the failure; here it would only end the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _readToEnd.TrySetException(e);
        }
        finally
        {
            _underWay.Writer.TryComplete();
        }
    }

    private async Task ForwardAllAsync(CancellationToken ct)
    {
        LineWriter.Hold? hold = null;
        try
        {
            await foreach (var passage in _underWay.Reader.ReadAllAsync(ct).ConfigureAwait(false))
            {
                using (passage)
                {
                    var length = passage.Line.Length;
                    hold = await ForwardAsync(passage, hold, ct).ConfigureAwait(false);
                    _budget.Release(length);
                    Interlocked.Exchange(ref _lastForwarded, _time.GetTimestamp());
                    Interlocked.Decrement(ref _held);
                }
            }
        }
        finally
        {
            hold?.Dispose();
        }
    }

    /// <summary>Forwards one passage; a line in fragments holds the target from its first fragment to its last.</summary>
    private async ValueTask<LineWriter.Hold?> ForwardAsync(Passage passage, LineWriter.Hold? hold, CancellationToken ct)
    {
        if (passage.Reply is { } reply)
        {
            await _sender.WriteAsync(reply, ct).ConfigureAwait(false);
        }

        if (await RefusalOf(passage, ct).ConfigureAwait(false) is { } reason)
        {
            var (toSender, toReceiver) = _conversation.Refuse(_direction, passage, reason);
            if (toSender.Length > 0)
            {
                await _sender.WriteAsync(toSender, ct).ConfigureAwait(false);
            }

            if (toReceiver.Length > 0)
            {
                await _target.WriteAsync(toReceiver, ct).ConfigureAwait(false);
            }

            return hold;
        }

        if (passage.Guard is { } guard)
        {
            await _guarded!.ForwardAsync(passage, guard, ct).ConfigureAwait(false);
            return hold;
        }

        if (passage.Forward.IsEmpty)
        {
            return hold;
        }

        if (passage.Line.Kind == LineKind.Whole)
        {
            await _target.WriteAsync(passage.Forward, ct).ConfigureAwait(false);
            return hold;
        }

        hold ??= await _target.HoldAsync(ct).ConfigureAwait(false);
        await hold.WriteAsync(passage.Forward, ct).ConfigureAwait(false);
        if (passage.Line.Kind == LineKind.LastFragment)
        {
            hold.Dispose();
            return null;
        }

        return hold;
    }

    private static async ValueTask<string?> RefusalOf(Passage passage, CancellationToken ct)
    {
        string? refusal = null;
        foreach (var evidence in passage.Evidence)
        {
            refusal = await evidence.WaitAsync(ct).ConfigureAwait(false) ?? refusal;
        }

        return refusal;
    }
}
