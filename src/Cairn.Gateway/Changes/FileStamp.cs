using System.Runtime.InteropServices;

namespace Cairn.Gateway.Changes;

/// <summary>What the file system says of a file without its content being read: two equal stamps mean an untouched file.</summary>
/// <param name="Device">The file system it is on.</param>
/// <param name="Inode">The file itself; a file that was replaced has another.</param>
/// <param name="Mode">Type and permissions.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Modified">When its content changed last, in nanoseconds.</param>
/// <param name="Changed">When anything of it changed last, in nanoseconds. No program can set it back; the time of modification can be.</param>
internal readonly partial record struct FileStamp(ulong Device, ulong Inode, ushort Mode, long Size, long Modified, long Changed)
{
    private const int WorkingDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicStats = 0x7ff;
    private const ushort TypeMask = 0xf000, Regular = 0x8000, Link = 0xa000;

    /// <summary>Whether it is a file with content of its own.</summary>
    public bool IsRegular => (Mode & TypeMask) == Regular;

    /// <summary>Whether it is a symbolic link.</summary>
    public bool IsLink => (Mode & TypeMask) == Link;

    /// <summary>The stamp of a path's own entry, links not followed; null when there is none or it can't be asked for.</summary>
    public static FileStamp? Of(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return OfInfo(path);
        }

        // struct statx has one layout on every architecture (statx(2)): mode at 28, ino at 32, size at 40, ctime at 96,
        // mtime at 112 (seconds, then nanoseconds), dev_major and dev_minor at 136.
        Span<byte> buffer = stackalloc byte[256];
        if (Statx(WorkingDirectory, path, NoFollow, BasicStats, ref MemoryMarshal.GetReference(buffer)) != 0)
        {
            return null;
        }

        return new FileStamp(
            BitConverter.ToUInt64(buffer[136..]), BitConverter.ToUInt64(buffer[32..]), BitConverter.ToUInt16(buffer[28..]),
            BitConverter.ToInt64(buffer[40..]), Nanoseconds(buffer[112..]), Nanoseconds(buffer[96..]));
    }

    private static long Nanoseconds(ReadOnlySpan<byte> time) => (BitConverter.ToInt64(time) * 1_000_000_000) + BitConverter.ToUInt32(time[8..]);

    /// <summary>Where there is no statx: size, mode and time of modification, which a program can set back.</summary>
    private static FileStamp? OfInfo(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
        {
            return null;
        }

        var type = info.LinkTarget is null ? Regular : Link;
        var modified = (info.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100;
        return new FileStamp(0, 0, (ushort)(type | (int)info.UnixFileMode), info.Length, modified, modified);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte buffer);
}
