using System.Buffers;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Sdk.Spooling;

/// <summary>Where a submission stands in its stream's spool.</summary>
internal readonly record struct SpoolPosition(int Segment, long Offset, int Bytes);

/// <summary>
/// The spool of a living stream: segments in statement order. A segment goes when all in it is acknowledged; the lock
/// file goes last, so that whatever is left after a crash is found and delivered. One thread at a time.
/// </summary>
internal sealed class StreamSpool : IDisposable
{
    private readonly string _directory;
    private readonly StreamId _stream;
    private readonly FileLock _lock;
    private readonly string _lockPath;
    private readonly SpoolLimits _limits;
    private readonly SortedList<int, SpoolSegment> _segments = [];
    private int _nextSegment;
    private bool _currentFailed;
    private long _released = -1;

    public StreamSpool(string directory, StreamId stream, SpoolLimits limits)
    {
        (_directory, _stream, _limits) = (directory, stream, limits);
        _lockPath = SpoolDirectory.LockPath(directory, stream);
        _lock = SpoolDirectory.LockNew(_lockPath);
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes => _segments.Values.Sum(s => s.Length);

    /// <summary>
    /// Appends submissions in order; all are durable when it returns. When it throws, none of them is in the spool and
    /// the same call may be made again.
    /// </summary>
    /// <exception cref="SpoolException">The disk is full or failing, or the quota is used up.</exception>
    public SpoolPosition[] Append(IReadOnlyList<(long Seq, ReadOnlyMemory<byte> Submission)> entries)
    {
        var total = entries.Sum(e => (long)SpoolFrame.FrameBytes(e.Submission.Length));
        if (Bytes + total > _limits.QuotaBytes)
        {
            DeleteReleased(keepLast: false);
        }

        if (Bytes + total > _limits.QuotaBytes)
        {
            throw new SpoolException(
                $"the spool {_directory} may hold {_limits.QuotaBytes:N0} bytes and has {Bytes:N0}; {total:N0} more do not fit. Bring the ledger back or raise the quota");
        }

        var frames = ArrayPool<byte>.Shared.Rent(checked((int)total));
        try
        {
            var segment = SegmentToAppendTo();
            var positions = new SpoolPosition[entries.Count];
            var used = 0;
            for (var i = 0; i < entries.Count; i++)
            {
                var (seq, submission) = entries[i];
                var length = SpoolFrame.FrameBytes(submission.Length);
                SpoolFrame.Write(frames.AsSpan(used, length), segment.Value.Length + used, seq, submission.Span);
                positions[i] = new SpoolPosition(segment.Key, segment.Value.Length + used, submission.Length);
                used += length;
            }

            segment.Value.Append(frames.AsSpan(0, used), entries[^1].Seq);
            return positions;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // After a failed fsync the page cache may claim what the disk does not hold: never append to that file again.
            _currentFailed = true;
            throw new SpoolException($"the spool {_directory} can't be written: {e.Message}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frames);
        }
    }

    /// <summary>Reads a submission back.</summary>
    /// <exception cref="SpoolException">The file is gone, unreadable or changed.</exception>
    public byte[] Read(SpoolPosition position)
    {
        try
        {
            return _segments[position.Segment].Read(position.Offset, position.Bytes);
        }
        catch (IOException e)
        {
            throw new SpoolException($"the spool {_directory} can't be read: {e.Message}", e);
        }
    }

    /// <summary>Everything up to this statement is acknowledged: segments that hold nothing else are removed.</summary>
    public void Release(long throughSeq)
    {
        _released = throughSeq;
        DeleteReleased(keepLast: true);
    }

    /// <summary>Ends the spool of a stream that is wholly acknowledged: nothing stays on disk.</summary>
    public void Remove()
    {
        foreach (var segment in _segments.Values)
        {
            segment.Delete();
        }

        _segments.Clear();
        File.Delete(_lockPath);
        _lock.Dispose();
    }

    /// <summary>Closes the files and leaves them for the next starter.</summary>
    public void Dispose()
    {
        foreach (var segment in _segments.Values)
        {
            segment.Dispose();
        }

        _segments.Clear();
        _lock.Dispose();
    }

    // The last segment is still appended to, unless it is long enough.
    private void DeleteReleased(bool keepLast)
    {
        while (_segments.Count > 0 && _segments.Values[0].LastSeq <= _released
            && (!keepLast || _segments.Count > 1 || _segments.Values[0].Length >= _limits.SegmentBytes))
        {
            _segments.Values[0].Delete();
            _segments.RemoveAt(0);
        }
    }

    private KeyValuePair<int, SpoolSegment> SegmentToAppendTo()
    {
        if (_segments.Count > 0 && !_currentFailed && _segments.Values[^1].Length < _limits.SegmentBytes)
        {
            return KeyValuePair.Create(_segments.Keys[^1], _segments.Values[^1]);
        }

        var number = _nextSegment;
        var segment = SpoolSegment.Create(SpoolDirectory.SegmentPath(_directory, _stream, number), _stream);
        _nextSegment++;
        _currentFailed = false;
        _segments.Add(number, segment);
        return KeyValuePair.Create(number, segment);
    }
}

/// <summary>How much a spool may take.</summary>
/// <param name="QuotaBytes">Bytes on disk for one stream.</param>
/// <param name="SegmentBytes">A file is closed once it has this many.</param>
internal sealed record SpoolLimits(long QuotaBytes, long SegmentBytes = 8 * 1024 * 1024);
