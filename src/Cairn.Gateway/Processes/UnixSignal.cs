using System.Runtime.InteropServices;

namespace Cairn.Gateway.Processes;

/// <summary>POSIX signals that .NET has no call for.</summary>
internal static class UnixSignal
{
    private const int Sigterm = 15;

    /// <summary>Asks a process to end; nothing happens when it is gone already.</summary>
    public static void Terminate(int processId) => Send(processId, Sigterm);

    /// <summary>Sends a signal by its number; nothing happens when the process is gone already.</summary>
    public static void Send(int processId, int signal) => _ = Kill(processId, signal);

    /// <summary>The signal that ended a process by the exit code .NET reports for it (128 + signal); null for an ordinary exit.</summary>
    public static string? NameOf(int exitCode) => exitCode switch
    {
        129 => "SIGHUP",
        130 => "SIGINT",
        131 => "SIGQUIT",
        132 => "SIGILL",
        134 => "SIGABRT",
        135 => "SIGBUS",
        136 => "SIGFPE",
        137 => "SIGKILL",
        139 => "SIGSEGV",
        141 => "SIGPIPE",
        143 => "SIGTERM",
        > 128 and < 193 => $"signal {exitCode - 128}",
        _ => null,
    };

    /// <summary>The real user id of this process.</summary>
    public static uint UserId => GetUid();

    [DllImport("libc", EntryPoint = "getuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetUid();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
