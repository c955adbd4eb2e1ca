namespace Cairn.Identity.Files;

/// <summary>
/// An advisory lock on a file (flock). The kernel frees it when the holder ends in whatever way, SIGKILL included, so a
/// dead holder never blocks the living and a live one is never robbed.
/// </summary>
public sealed class FileLock : IDisposable
{
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock if it is free; null when somebody else holds it.</summary>
    public static FileLock? TryTake(string path, FileMode mode = FileMode.OpenOrCreate)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
        {
            options.UnixCreateMode = DurableFile.OwnerOnly;
        }

        try
        {
            return new FileLock(new FileStream(path, options));
        }
        catch (IOException e) when (e is not FileNotFoundException and not DirectoryNotFoundException && IsHeldElsewhere(e))
        {
            return null;
        }
    }

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="TimeoutException">Somebody else held it for all of <paramref name="patience"/>.</exception>
    public static FileLock Take(string path, TimeSpan patience)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            if (TryTake(path) is { } held)
            {
                return held;
            }

            if (Environment.TickCount64 > until)
            {
                throw new TimeoutException($"another process has held {path} for {patience.TotalSeconds:0} s; expected it to be free by now");
            }

            Thread.Sleep(10);
        }
    }

    /// <summary>Frees the lock; the file stays.</summary>
    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK (11 on Linux, 35 on BSD and macOS), or the sharing violation of Windows and of this process's own locks.
    private static bool IsHeldElsewhere(IOException e) => (e.HResult & 0xffff) is 11 or 35 or 32;
}
