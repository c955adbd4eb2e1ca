using System.CommandLine;
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

    /// <summary>Where this user's own server listens unless told otherwise: $XDG_RUNTIME_DIR/cairn, root's is /run/cairn.</summary>
    public static string DefaultPath() => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } folder && Path.IsPathRooted(folder) ? folder : Environment.IsPrivilegedProcess ? "/run" : Path.GetTempPath(),
        Environment.IsPrivilegedProcess || Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } ? "cairn" : $"cairn-{Environment.UserName}",
        "workload.sock");
}
