using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Ledger.Journal;

/// <summary>
/// Who writes the journal next. SQLite's own waiting polls with growing pauses, which starves writers when several
/// processes commit without a break; a blocking flock is woken by the kernel, and freed by it when its holder dies.
/// </summary>
internal sealed partial class JournalGate : IDisposable
{
    private const int Exclusive = 2;
    private const int Unlock = 8;
    private const int Interrupted = 4;
    private const int ReadWrite = 0x2;
    private const int OwnerOnly = 0x180; // 0600
    private static readonly int Create = OperatingSystem.IsMacOS() ? 0x200 : 0x40;
    private static readonly int CloseOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
    private readonly SafeFileHandle _file;

    public JournalGate(string path)
    {
        // Not File.OpenHandle: on Unix it takes a shared flock of its own, which two writers would hold against each other.
        _file = Open(path, ReadWrite | Create | CloseOnExec, OwnerOnly);
        if (_file.IsInvalid)
        {
            throw new IOException($"journal lock {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Waits for the turn. Call from a thread that may block.</summary>
    public void Enter() => Call(Exclusive);

    public void Leave() => Call(Unlock);

    public void Dispose() => _file.Dispose();

    private void Call(int operation)
    {
        while (Flock(_file, operation) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw new IOException($"journal lock: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);
}
