using Cairn.Evidence;
using Cairn.Gateway.Processes;
using Cairn.Identity.Files;

namespace Cairn.Gateway.Approvals;

/// <summary>A request for approval as it lies on the desk.</summary>
/// <param name="Request">What is asked.</param>
/// <param name="IsWaiting">Whether a call still waits for the answer: its process holds its lock, and the time is not over.</param>
public sealed record PendingApproval(ApprovalRequest Request, bool IsWaiting);

/// <summary>
/// Where calls wait for a human: the folder <c>approvals</c> of a data directory. A request is a file that the waiting
/// process wrote; an answer is a file whose owner, by the kernel's word, is who answered. Only the process that asked
/// acts upon an answer, and only while it waits: a request that outlives its process is never executed by anybody.
/// </summary>
public sealed class ApprovalDesk : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private readonly string _folder;
    private readonly ApproverGroups _groups;
    private readonly TimeProvider _time;
    private readonly TextWriter _log;
    private readonly Lock _gate = new();
    private (string Name, FileLock Held)? _waiting;

    private ApprovalDesk(string dataDirectory, TimeProvider time, TextWriter log, TimeSpan reportInterval)
    {
        _folder = Path.Combine(dataDirectory, "approvals");
        _groups = new ApproverGroups(Path.Combine(dataDirectory, "approvers.json"));
        (_time, _log, ReportInterval) = (time, log, reportInterval);
    }

    /// <summary>How often whoever waits is told that it still waits.</summary>
    public TimeSpan ReportInterval { get; }

    /// <summary>Opens the desk of a data directory; its folder is made with the first request.</summary>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="log">Where refused answers are named; null: stderr.</param>
    /// <param name="reportInterval">How often whoever waits is told that it still waits; null: every five seconds.</param>
    public static ApprovalDesk Open(string dataDirectory, TimeProvider? time = null, TextWriter? log = null, TimeSpan? reportInterval = null) =>
        new(dataDirectory, time ?? TimeProvider.System, log ?? Console.Error, reportInterval ?? TimeSpan.FromSeconds(5));

    /// <summary>What lies on the desk, oldest first; files that are no requests are passed over and named in the log.</summary>
    public IReadOnlyList<PendingApproval> Pending()
    {
        if (!Directory.Exists(_folder))
        {
            return [];
        }

        var pending = new List<PendingApproval>();
        foreach (var path in Directory.EnumerateFiles(_folder, "*.json").Order(StringComparer.Ordinal))
        {
            try
            {
                var (bytes, user) = ReadOwned(path);
                if (user != FileOwner.OfFolder(_folder))
                {
                    throw new ApprovalFormatException($"{path} was not written by the owner of {_folder}; it is no request of a gateway's");
                }

                var (request, waiting) = ApprovalRequest.Decode(bytes, path);
                pending.Add(new PendingApproval(request, IsHeld(waiting) && request.Expires > _time.GetUtcNow()));
            }
            catch (FileNotFoundException)
            {
                // Answered between the listing and the reading.
            }
            catch (ApprovalFormatException e)
            {
                _log.WriteLine($"cairn: {e.Message}");
            }
        }

        return pending;
    }

    /// <summary>Answers a request, as the user that this process runs as.</summary>
    /// <param name="request">The request as it was shown to the human.</param>
    /// <param name="approved">Yes or no.</param>
    /// <param name="comment">The human's own words; null without any.</param>
    /// <exception cref="UnauthorizedAccessException">The user is none of the approvers.</exception>
    /// <exception cref="ApprovalClosedException">Nobody waits for it any more, or it is answered already.</exception>
    /// <exception cref="IOException">The answer can't be written.</exception>
    public void Answer(ApprovalRequest request, bool approved, string? comment)
    {
        ArgumentNullException.ThrowIfNull(request);
        var user = UnixSignal.UserId;
        var name = FileOwner.NameOf(user);
        if (!_groups.May(user, name, request.Approvers))
        {
            throw new UnauthorizedAccessException($"{name ?? $"uid {user}"} is none of the approvers ({string.Join(", ", request.Approvers)})");
        }

        if (!IsOpen(request.Id))
        {
            throw new ApprovalClosedException($"nobody waits for an answer to {request.Id} any more: it was answered, its time is over, or its caller gave up");
        }

        var path = AnswerPath(request.Id);
        if (File.Exists(path))
        {
            throw new ApprovalClosedException($"{request.Id} is answered already; the first answer counts");
        }

        DurableFile.Write(path, new WrittenAnswer(request.Id, request.ActionDigest, approved, comment).Encode());
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(_folder) & ~DurableFile.OwnerOnlyDirectory) != 0)
        {
            // A desk shared by several users: the waiting process may be another's.
            File.SetUnixFileMode(path, DurableFile.OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }

    /// <summary>Lays a request on the desk and waits until it is answered or its time is over.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="waiting">Told in words, at once and again while it waits; null: nobody is told.</param>
    /// <param name="cancellationToken">The caller gave up; the request is taken off the desk.</param>
    /// <exception cref="IOException">The request can't be laid on the desk.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    internal async Task<ApprovalAnswer> AskAsync(ApprovalRequest request, IProgress<string>? waiting, CancellationToken cancellationToken)
    {
        Post(request);
        try
        {
            var reported = _time.GetTimestamp();
            Report(request, waiting);
            while (true)
            {
                if (Take(request) is { } answer)
                {
                    return answer;
                }

                if (_time.GetUtcNow() >= request.Expires)
                {
                    return ApprovalAnswer.Nobody(ApprovalOutcome.Expired, "nobody answered in time");
                }

                if (_time.GetElapsedTime(reported) >= ReportInterval)
                {
                    reported = _time.GetTimestamp();
                    Report(request, waiting);
                }

                await Task.Delay(PollInterval, _time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            File.Delete(RequestPath(request.Id));
            File.Delete(AnswerPath(request.Id));
        }
    }

    /// <summary>Takes this process's lock off the desk.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_waiting is { } held)
            {
                File.Delete(Path.Combine(_folder, held.Name));
                held.Held.Dispose();
                _waiting = null;
            }
        }
    }

    private bool IsOpen(RecordId id) => Pending().Any(p => p.IsWaiting && p.Request.Id == id);

    private void Report(ApprovalRequest request, IProgress<string>? waiting)
    {
        var left = request.Expires - _time.GetUtcNow();
        var by = request.Approvers.Count == 0 ? "" : $" by {string.Join(" or ", request.Approvers)}";
        waiting?.Report($"waiting for approval{by}: cairn approve {request.Id} ({Math.Max(0, (int)left.TotalSeconds)} s left)");
    }

    private void Post(ApprovalRequest request)
    {
        string name;
        lock (_gate)
        {
            if (_waiting is null)
            {
                DurableFile.CreateDirectory(_folder);
                Sweep();
                name = $"waiting-{Environment.ProcessId}-{Guid.NewGuid():N}.lock";
                _waiting = (name, FileLock.TryTake(Path.Combine(_folder, name)) ?? throw new IOException($"{name} in {_folder} is taken"));
            }

            name = _waiting.Value.Name;
        }

        var path = RequestPath(request.Id);
        DurableFile.Write(path, request.Encode(name));
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(_folder) & UnixFileMode.GroupRead) != 0)
        {
            File.SetUnixFileMode(path, DurableFile.OwnerOnly | UnixFileMode.GroupRead);
        }
    }

    /// <summary>Removes what processes that are gone left behind: nobody waits for those answers.</summary>
    private void Sweep()
    {
        foreach (var path in Directory.EnumerateFiles(_folder, "*.json"))
        {
            try
            {
                var (request, waiting) = ApprovalRequest.Decode(File.ReadAllBytes(path), path);
                if (!IsHeld(waiting))
                {
                    File.Delete(path);
                    File.Delete(AnswerPath(request.Id));
                }
            }
            catch (Exception e) when (e is ApprovalFormatException or IOException or UnauthorizedAccessException)
            {
                _log.WriteLine($"cairn: {e.Message}");
            }
        }

        foreach (var path in Directory.EnumerateFiles(_folder, "waiting-*.lock").Where(p => !IsHeld(Path.GetFileName(p))))
        {
            File.Delete(path);
        }
    }

    private ApprovalAnswer? Take(ApprovalRequest request)
    {
        var path = AnswerPath(request.Id);
        try
        {
            var (bytes, user) = ReadOwned(path);
            var name = FileOwner.NameOf(user);
            var who = $"os-user:{name ?? user.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
            if (!_groups.May(user, name, request.Approvers))
            {
                throw new ApprovalFormatException($"{path} is by {who}, who is none of the approvers ({string.Join(", ", request.Approvers)})");
            }

            var written = WrittenAnswer.Decode(bytes, path);
            return written.Id == request.Id && written.ActionDigest == request.ActionDigest
                ? new ApprovalAnswer(written.Approved ? ApprovalOutcome.Approved : ApprovalOutcome.Denied, who, "os-user") { Comment = written.Comment, UserId = user }
                : new ApprovalAnswer(ApprovalOutcome.Withdrawn, who, "os-user") { Comment = written.Comment, UserId = user, Reason = "the answer is to another action than the one asked for" };
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's answer whose mode is still being set.
            return null;
        }
        catch (ApprovalFormatException e)
        {
            // An answer that counts for nothing must not keep a good one from being given.
            _log.WriteLine($"cairn: an answer was refused: {e.Message}");
            File.Delete(path);
            return null;
        }
    }

    private static (byte[] Bytes, uint User) ReadOwned(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var user = FileOwner.Of(file.SafeFileHandle, path);
        if (file.Length > 1024 * 1024)
        {
            throw new ApprovalFormatException($"{path} has {file.Length} bytes; expected at most 1 MiB");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return (bytes, user);
    }

    private bool IsHeld(string name)
    {
        var path = Path.Combine(_folder, Path.GetFileName(name));
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            using var taken = FileLock.TryTake(path, FileMode.Open);
            return taken is null;
        }
        catch (Exception e) when (e is FileNotFoundException or UnauthorizedAccessException)
        {
            // Gone in between; or another user's, whose process alone removes it.
            return e is UnauthorizedAccessException;
        }
    }

    private string RequestPath(RecordId id) => Path.Combine(_folder, $"{id}.json");

    private string AnswerPath(RecordId id) => Path.Combine(_folder, $"{id}.answer");
}
