using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Workload;

namespace Cairn.Cli.Identity;

/// <summary>The <c>--spiffe-socket</c> option: where identities come from, whoever serves them.</summary>
internal static class SpiffeSocket
{
    public static Option<string?> Create() => new("--spiffe-socket")
    {
        Description = $"Take the identity from a SPIFFE Workload API at this socket; otherwise ${WorkloadEndpoint.Variable}, if set",
        HelpName = "URI|PATH",
    };

    /// <summary>The endpoint given, else the environment's; null when neither names one.</summary>
    /// <exception cref="WorkloadApiException">It has another form.</exception>
    public static WorkloadEndpoint? Resolve(string? given) => given switch
    {
        null => WorkloadEndpoint.FromEnvironment(),
        _ when given.Contains(':', StringComparison.Ordinal) => WorkloadEndpoint.Parse(given),
        _ => WorkloadEndpoint.At(given),
    };

    /// <summary>Where this user's own server listens unless told otherwise: $XDG_RUNTIME_DIR/cairn/workload.sock, root's in /run.</summary>
    /// <exception cref="CliException">There is no folder that only this user can write.</exception>
    public static string DefaultPath() => Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") switch
    {
        { Length: > 0 } folder when Path.IsPathRooted(folder) => Path.Combine(folder, "cairn", "workload.sock"),
        _ when Environment.IsPrivilegedProcess => "/run/cairn/workload.sock",
        _ => throw new CliException("XDG_RUNTIME_DIR is not set, so that there is no folder for the socket that is this user's alone", "cairn identity serve --socket PATH"),
    };
}
