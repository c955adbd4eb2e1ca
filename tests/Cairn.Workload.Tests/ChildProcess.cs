using System.Diagnostics;
using System.Runtime.InteropServices;

// The tests check Unix sockets and what Linux says of a process.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cairn.Workload.Tests;

/// <summary>
/// The test executable started again as a process of its own, in place of the test runner: as a workload that asks who
/// it is (also as another user of the machine), or as a server that can be killed.
/// </summary>
internal static partial class ChildProcess
{
    private const string Role = "CAIRN_TEST_WORKLOAD";
    private const string Place = "CAIRN_TEST_PLACE";
    private const string User = "CAIRN_TEST_UID";

    public static bool IsRoot => EffectiveUser() == 0;

    /// <summary>The executable's entry point. Not a module initializer: until that has returned, other threads can't run the module's code.</summary>
    public static async Task<int> Main(string[] args) => Environment.GetEnvironmentVariable(Role) switch
    {
        "fetch" => await Fetch(Environment.GetEnvironmentVariable(Place)!),
        "serve" => await Serve(Environment.GetEnvironmentVariable(Place)!),
        _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };

    /// <summary>Asks as a process of its own; its output is the identity, or the kind of failure.</summary>
    public static async Task<string> FetchAsync(WorkloadEndpoint endpoint, uint? uid = null)
    {
        using var child = Start("fetch", endpoint.Text, uid);
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return output.Trim();
    }

    /// <summary>Starts a server over a directory of <see cref="TestAuthority"/>; it has its socket when this returns.</summary>
    public static async Task<Process> ServeAsync(string directory)
    {
        var child = Start("serve", directory, null);
        Assert.Equal("ready", await child.StandardOutput.ReadLineAsync());
        return child;
    }

    private static Process Start(string task, string place, uint? uid)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        (start.Environment[Role], start.Environment[Place], start.Environment[User]) = (task, place, uid?.ToString());
        return Process.Start(start)!;
    }

    private static async Task<int> Fetch(string endpoint)
    {
        // The user is changed after the runtime is loaded: another one need not be able to read the test's files.
        if (uint.TryParse(Environment.GetEnvironmentVariable(User), out var uid) && (SetGroups(0, 0) != 0 || SetGroup(uid, uid, uid) != 0 || SetUser(uid, uid, uid) != 0))
        {
            Console.Write("could not become another user");
            return 1;
        }

        using var client = new WorkloadClient(WorkloadEndpoint.Parse(endpoint));
        try
        {
            Console.Write((await client.FetchX509Async(CancellationToken.None)).Svids[0].Id);
        }
        catch (WorkloadApiException error)
        {
            Console.Write(error.Fault);
        }

        return 0;
    }

    private static async Task<int> Serve(string directory)
    {
        using var authority = TestAuthority.Open(directory);
        await using var server = await WorkloadServer.StartAsync(authority.Options(), CancellationToken.None);
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync(); // ends with the test, whatever becomes of it
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    private static partial int SetGroups(nuint count, nint groups);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    private static partial int SetGroup(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    private static partial int SetUser(uint real, uint effective, uint saved);
}
