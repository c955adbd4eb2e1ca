using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cairn.Evidence;
using Cairn.Identity.Enrolment;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Workload.Peers;

/// <summary>
/// The process at the other end of a Unix socket, as the kernel tells it (Linux). A pidfd is held from the connection on:
/// while it says that the process lives, its pid is nobody else's, so that everything read from /proc in between is its own.
/// </summary>
/// <remarks>
/// SO_PEERCRED holds who connected. A process that hands its connection on, or executes another program afterwards, is
/// still the one that connected; its program is read again each time it is asked for.
/// </remarks>
internal sealed partial class PeerProcess : IDisposable
{
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int PeerCredentials = 17; // SO_PEERCRED
    private const int PeerPidDescriptor = 77; // SO_PEERPIDFD, Linux 6.5
    private const int PidOpenCall = 434; // pidfd_open on every architecture, Linux 5.3
    private const short Readable = 1; // POLLIN

    private readonly Lock _turn = new();
    private readonly SafeFileHandle _pidfd;
    private (string Path, DateTime Written, long Length, Digest Sha256)? _hashed;

    private PeerProcess(int pid, uint uid, uint gid, SafeFileHandle pidfd) => (Pid, Uid, Gid, _pidfd) = (pid, uid, gid, pidfd);

    public int Pid { get; }

    public uint Uid { get; }

    public uint Gid { get; }

    /// <summary>Asks the kernel who connected.</summary>
    /// <exception cref="PeerUnknownException">It does not say, or the process is of another pid namespace, or gone.</exception>
    public static PeerProcess Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12]; // struct ucred: pid, uid, gid
        try
        {
            if (socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) != credentials.Length)
            {
                throw new PeerUnknownException("the kernel gives no peer credentials for this socket");
            }
        }
        catch (SocketException error)
        {
            throw new PeerUnknownException($"the kernel gives no peer credentials for this socket: {error.Message}", error);
        }

        var pid = BitConverter.ToInt32(credentials);
        if (pid <= 0)
        {
            throw new PeerUnknownException("the process is in another pid namespace: the kernel gives it no pid here");
        }

        return new PeerProcess(pid, BitConverter.ToUInt32(credentials[4..]), BitConverter.ToUInt32(credentials[8..]), OpenPid(socket, pid));
    }

    /// <summary>What is true of the process now.</summary>
    /// <exception cref="PeerUnknownException">It is gone, so that its pid may be another's.</exception>
    public PeerFacts Read()
    {
        lock (_turn)
        {
            var started = StartOf(Pid);
            var (path, sha256) = Executable();
            return IsAlive()
                ? new PeerFacts(Pid, Uid, Gid, path, sha256, started)
                : throw new PeerUnknownException($"process {Pid} has ended");
        }
    }

    public void Dispose() => _pidfd.Dispose();

    private static SafeFileHandle OpenPid(Socket socket, int pid)
    {
        Span<byte> descriptor = stackalloc byte[4];
        try
        {
            if (socket.GetRawSocketOption(SocketLevel, PeerPidDescriptor, descriptor) == 4 && BinaryPrimitives.ReadInt32LittleEndian(descriptor) is var fd and >= 0)
            {
                return new SafeFileHandle(fd, ownsHandle: true);
            }
        }
        catch (SocketException)
        {
            // An older kernel: the pid is opened instead, and must not be younger than the connection can be.
        }

        var opened = new SafeFileHandle((nint)SystemCall(PidOpenCall, pid, 0), ownsHandle: true);
        return opened.IsInvalid
            ? throw new PeerUnknownException($"process {pid} can't be held on to: {Marshal.GetLastPInvokeErrorMessage()}")
            : RequireOlder(opened, pid);
    }

    // Without SO_PEERPIDFD the pid could have been given to a new process before it was opened. Such a process started
    // after the connection was made, thus within the last moments; a caller that young asks again.
    private static SafeFileHandle RequireOlder(SafeFileHandle opened, int pid)
    {
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
        if (StartOf(pid) / 100.0 <= uptime - 0.1)
        {
            return opened;
        }

        opened.Dispose();
        throw new PeerUnknownException($"process {pid} is so young that it may not be the one that connected");
    }

    private static ulong StartOf(int pid)
    {
        try
        {
            // proc_pid_stat(5): the name in parentheses may hold anything; field 22 is counted from behind it.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return ulong.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            throw new PeerUnknownException($"process {pid} has ended, or /proc does not show it", error);
        }
    }

    /// <summary>Path and content of the program. Null where the kernel does not let this user see it: then no selector on it is true.</summary>
    private (string? Path, Digest? Sha256) Executable()
    {
        var link = $"/proc/{Pid}/exe";
        try
        {
            for (var attempt = 0; attempt < 3; attempt++)
            {
                // The link is opened, not the path that it shows: that is the executed file, whatever the name says by now.
                using var file = File.OpenHandle(link);
                var (path, written, length) = (File.ResolveLinkTarget(link, returnFinalTarget: false)!.FullName, File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
                if (_hashed is { } known && known.Path == path && known.Written == written && known.Length == length)
                {
                    return (path, known.Sha256);
                }

                using var content = new FileStream(file, FileAccess.Read);
                var sha256 = new Digest(System.Security.Cryptography.SHA256.HashData(content));
                if (File.ResolveLinkTarget(link, returnFinalTarget: false)!.FullName == path)
                {
                    _hashed = (path, written, length, sha256);
                    return (path, sha256);
                }
            }

            return (null, null); // it executes one program after another: there is no telling which it is
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, null);
        }
    }

    private bool IsAlive()
    {
        var added = false;
        try
        {
            _pidfd.DangerousAddRef(ref added);
            var wait = new PollDescriptor { Descriptor = (int)_pidfd.DangerousGetHandle(), Events = Readable };
            return Poll(ref wait, 1, 0) == 0; // a pidfd is readable once its process has ended
        }
        finally
        {
            if (added)
            {
                _pidfd.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}

/// <summary>The kernel does not say who is at the other end of a socket, or that process is gone.</summary>
internal sealed class PeerUnknownException(string message, Exception? innerException = null) : Exception(message, innerException);
