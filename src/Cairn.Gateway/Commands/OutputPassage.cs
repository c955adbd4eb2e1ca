using System.Diagnostics;
using Cairn.Gateway.Authority;

namespace Cairn.Gateway.Commands;

/// <summary>
/// Passes one output of a program on, byte by byte as it comes, and commits to what passed. A thread of its own: reads
/// of a pipe block.
/// </summary>
internal sealed class OutputPassage
{
    private readonly Stream _from;
    private readonly Stream _to;
    private readonly StreamedContent _content;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _last = Stopwatch.GetTimestamp();
    private bool _isFinished;

    private OutputPassage(Stream from, Stream to, StreamedContent content) => (_from, _to, _content) = (from, to, content);

    /// <summary>True when whoever read the output is gone: the program was told so in the same way, by a closed pipe.</summary>
    public bool WasCut { get; private set; }

    /// <summary>True when the program had ended and something else still held its output open.</summary>
    public bool WasLeftOpen { get; private set; }

    public static OutputPassage Start(Stream from, Stream to, StreamedContent content, string name)
    {
        var passage = new OutputPassage(from, to, content);
        new Thread(passage.Pass) { IsBackground = true, Name = name }.Start();
        return passage;
    }

    /// <summary>Waits for the end of the output; once the program has ended, only while something still comes.</summary>
    /// <param name="silence">How long nothing may come.</param>
    public async Task EndAsync(TimeSpan silence)
    {
        while (!_ended.Task.IsCompleted)
        {
            await Task.WhenAny(_ended.Task, Task.Delay(TimeSpan.FromMilliseconds(25))).ConfigureAwait(false);
            if (!_ended.Task.IsCompleted && Stopwatch.GetElapsedTime(Volatile.Read(ref _last)) > silence)
            {
                WasLeftOpen = true;
                return;
            }
        }

        await _ended.Task.ConfigureAwait(false);
    }

    /// <summary>The commitment to what passed so far. What comes later passes no more.</summary>
    public HeldStream Finish()
    {
        lock (_gate)
        {
            _isFinished = true;
            using (_content)
            {
                return _content.Finish("application/octet-stream");
            }
        }
    }

    private void Pass()
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (_from.Read(buffer) is var read and > 0)
            {
                Volatile.Write(ref _last, Stopwatch.GetTimestamp());
                if (!Take(buffer.AsSpan(0, read)))
                {
                    break;
                }
            }

            _ended.TrySetResult();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe broke with the program that held it.
            _ended.TrySetResult();
        }
    }

    private bool Take(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_isFinished)
            {
                return false;
            }

            try
            {
                _to.Write(bytes);
                _to.Flush();
            }
            catch (IOException)
            {
                WasCut = true;
                _from.Dispose();
                return false;
            }

            _content.Append(bytes);
            return true;
        }
    }
}
