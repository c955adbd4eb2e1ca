using System.Net;

namespace Cairn.Trails.Findings;

/// <summary>Whether an agent reached beyond its tools: a shell, a host that nobody expected.</summary>
internal static class ReachRules
{
    private static readonly HashSet<string> Shells = new(StringComparer.OrdinalIgnoreCase)
    {
        "sh", "bash", "zsh", "dash", "fish", "ksh", "busybox", "cmd.exe", "powershell", "powershell.exe", "pwsh",
    };

    private static readonly HashSet<string> ShellTools = new(StringComparer.OrdinalIgnoreCase)
    {
        "bash", "sh", "shell", "run_shell", "run_shell_command", "shell_exec", "execute_command", "run_command", "run_terminal_cmd", "terminal", "powershell",
    };

    public static readonly Rule DirectShell = new("environment.direct_shell", Severity.Medium, "An agent had a shell", trail =>
        from action in trail.Trail.Actions
        where action.WasDone
        let shell = action.Tool is { } tool ? (ShellTools.Contains(tool) ? tool : null)
            : action.Type == "process.exec" && Shells.Contains(Path.GetFileName(action.Resource)) ? Path.GetFileName(action.Resource) : null
        where shell is not null
        select new Miss(TrailCase.Name(action), "a tool or program for one purpose", $"{shell}, with which anything can be run", action.Request));

    public static readonly Rule UnexpectedEgress = new("environment.unexpected_egress", Severity.High, "An agent reached a host that was not expected", trail =>
        from action in trail.Trail.Actions
        where action is { WasDone: true, Type: "http.request" }
        let host = HostOf(action.Resource)
        where host is not null
        let why = trail.Options.EgressHosts is { } hosts && !hosts.Any(allowed => Matches(allowed, host)) ? $"{host}, which is not on the list"
            : IPAddress.TryParse(host.Trim('[', ']'), out var address) && !IPAddress.IsLoopback(address) && trail.Options.EgressHosts is null ? $"the bare address {host}"
            : null
        where why is not null
        select new Miss(TrailCase.Name(action), trail.Options.EgressHosts is { } list ? $"a host of {string.Join(' ', list)}" : "a host by its name", why, action.Request));

    private static string? HostOf(string resource) => Uri.TryCreate(resource, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? uri.Host : null;

    private static bool Matches(string allowed, string host) => allowed.StartsWith("*.", StringComparison.Ordinal)
        ? host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
        : string.Equals(host, allowed, StringComparison.OrdinalIgnoreCase);
}
