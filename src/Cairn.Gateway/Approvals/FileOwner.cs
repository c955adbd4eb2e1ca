using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Gateway.Approvals;

/// <summary>Who owns an open file, by the kernel's word. Linux only: elsewhere nobody is authenticated this way.</summary>
internal static partial class FileOwner
{
    private const int WorkingDirectory = -100;
    private const int AtEmptyPath = 0x1000;
    private const uint TypeModeLinksUid = 0x1 | 0x2 | 0x4 | 0x8;
    private const int RegularFile = 0x8000;
    private const int WritableByOthers = 0x12;

    // getpwuid returns a buffer that its next call overwrites.
    private static readonly Lock Names = new();

    /// <summary>The user id of the owner.</summary>
    /// <exception cref="ApprovalFormatException">It is no regular file of one name, or others than its owner could have written it.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux.</exception>
    public static uint Of(SafeFileHandle file, string where)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("approvals are authenticated by file ownership, which needs Linux");
        }

        // struct statx has one layout on every architecture (statx(2)): nlink at 16, uid at 20, mode at 28.
        var buffer = new byte[256];
        if (Statx(file, "", AtEmptyPath, TypeModeLinksUid, buffer) != 0)
        {
            throw new IOException($"{where}: its owner can't be asked for: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var links = BitConverter.ToUInt32(buffer, 16);
        var mode = BitConverter.ToUInt16(buffer, 28);
        if ((mode & 0xf000) != RegularFile || links > 1)
        {
            throw new ApprovalFormatException($"{where} is not a plain file of one name");
        }

        return (mode & WritableByOthers) == 0
            ? BitConverter.ToUInt32(buffer, 20)
            : throw new ApprovalFormatException($"{where} can be written by others than its owner");
    }

    /// <summary>The user id of a folder's owner.</summary>
    /// <exception cref="IOException">It can't be asked for.</exception>
    public static uint OfFolder(string path)
    {
        var buffer = new byte[256];
        return StatxPath(WorkingDirectory, path, 0, TypeModeLinksUid, buffer) == 0
            ? BitConverter.ToUInt32(buffer, 20)
            : throw new IOException($"{path}: its owner can't be asked for: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>The user's name; null where the system knows none.</summary>
    public static string? NameOf(uint user)
    {
        lock (Names)
        {
            var entry = GetPasswordEntry(user);
            return entry == 0 ? null : Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(entry));
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxPath(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", EntryPoint = "getpwuid")]
    private static partial nint GetPasswordEntry(uint user);
}
