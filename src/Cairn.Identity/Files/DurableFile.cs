using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Identity.Files;

/// <summary>
/// Files that are there, whole and private, or not there at all: written to a temporary name, fsynced, renamed, and the
/// directory fsynced too. Used for keys, tokens and enrolments, whose loss or half a copy would lock an emitter out.
/// </summary>
public static partial class DurableFile
{
    private const int ReadOnly = 0; // O_RDONLY on every Unix

    /// <summary>Owner may read and write; nobody else may do anything (0600).</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Owner may list and enter; nobody else may do anything (0700).</summary>
    public const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Replaces or creates <paramref name="path"/> with mode 0600; durable when it returns.</summary>
    /// <exception cref="IOException">The file can't be written or fsynced; the old one, if any, is untouched.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var full = Path.GetFullPath(path);
        var temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }

        SyncDirectory(Path.GetDirectoryName(full)!);
    }

    /// <summary>
    /// Deletes what <see cref="Write"/> left beside <paramref name="path"/> where its process was killed before it could
    /// rename. Only for whoever alone writes that file: another's write under way would fail.
    /// </summary>
    public static void RemoveLeftovers(string path)
    {
        var full = Path.GetFullPath(path);
        var (folder, name) = (Path.GetDirectoryName(full)!, Path.GetFileName(full));
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var leftover in Directory.EnumerateFiles(folder, $"{name}.*.tmp"))
        {
            // Exactly its own form: name, a dot, the 32 digits of a GUID, ".tmp".
            if (Guid.TryParseExact(Path.GetFileName(leftover)[(name.Length + 1)..^4], "N", out _))
            {
                File.Delete(leftover);
            }
        }
    }

    /// <summary>Creates a directory with mode 0700, and its parents; durable when it returns. An existing one is left as it is.</summary>
    public static void CreateDirectory(string path)
    {
        var full = Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(full);
        }
        else
        {
            Directory.CreateDirectory(full, OwnerOnlyDirectory);
        }

        if (Path.GetDirectoryName(full) is { } parent)
        {
            SyncDirectory(parent);
        }
    }

    /// <summary>Makes names in a directory durable: a created, renamed or deleted file survives a power cut only after this.</summary>
    /// <exception cref="IOException">The directory can't be opened or fsynced.</exception>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals its directory entries
        }

        using var handle = Open(path, ReadOnly);
        if (handle.IsInvalid)
        {
            throw new IOException($"directory {path} can't be opened to make its entries durable: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        if (Sync(handle) != 0)
        {
            throw new IOException($"directory {path} can't be fsynced: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Refuses a secret that others on the machine can read or change.</summary>
    /// <exception cref="IOException">The file's mode gives group or others any right.</exception>
    public static void RequireOwnerOnly(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var loose = File.GetUnixFileMode(path) & ~OwnerOnlyDirectory;
        if (loose != 0)
        {
            throw new IOException($"{path} is open to other users (extra rights: {loose}); expected mode 0600. Run: chmod 600 {path}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle handle);
}
