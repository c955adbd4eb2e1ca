using System.Runtime.CompilerServices;
using Cairn.Evidence;

// The tests check Unix modes and flock; the code itself also runs on Windows.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cairn.Identity.Tests;

/// <summary>
/// The test executable started again as a process of its own: it opens or creates the authority in the directory that
/// the variable names, prints the root's digest, and ends before the test runner begins.
/// </summary>
internal static class ChildProcess
{
    public const string Variable = "CAIRN_TEST_AUTHORITY";

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } directory)
        {
            using var authority = LocalAuthority.OpenOrCreate(directory, "example.org");
            Console.Write(Digest.Sha256(authority.RootCertificate));
            Environment.Exit(0);
        }
    }
}
