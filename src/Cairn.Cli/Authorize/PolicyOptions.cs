using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Policy;
using Cairn.Policy.Bundles;
using Cairn.Policy.Storage;

namespace Cairn.Cli.Authorize;

/// <summary>The options that name a policy, and the policy of a data directory where they name none.</summary>
internal sealed class PolicyOptions
{
    public Option<string?> Path { get; } = new("--policy") { Description = "The policy bundle that decides: its folder or sealed file; by default the data directory's own (cairn policy push), where it has one", HelpName = "DIR|FILE" };

    public Option<string?> Mode { get; } = new("--policy-mode") { Description = "Whether its decisions bind; by default as the store or the bundle says", HelpName = "shadow|enforce" };

    public Option<string?> Broker { get; } = new("--broker") { Description = "The credential broker to ask (cairn broker serve); by default the data directory's own, in this process, where it has one", HelpName = "URL" };

    public PolicyOptions() => Mode.AcceptOnlyFromAmong("shadow", "enforce");

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="givesCredentials">Whether the way in can hand a credential on: only then is there a broker to ask.</param>
    public void AddTo(Command command, bool givesCredentials)
    {
        command.Options.Add(Path);
        command.Options.Add(Mode);
        if (givesCredentials)
        {
            command.Options.Add(Broker);
        }
    }

    /// <summary>The policy to decide with; null: there is none.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="state">The data directory, or the folder that stands for it.</param>
    /// <exception cref="CliException">There is nothing at the path, or a mode and no policy.</exception>
    /// <exception cref="PolicyBundleException">The data directory's policy can't be told.</exception>
    public PolicyChoice? Read(ParseResult parsed, string state)
    {
        var mode = parsed.GetValue(Mode) switch
        {
            "shadow" => PolicyMode.Shadow,
            "enforce" => PolicyMode.Enforce,
            _ => (PolicyMode?)null,
        };
        var broker = parsed.GetResult(Broker) is null ? null : parsed.GetValue(Broker); // not an option of every way in
        if (parsed.GetValue(Path) is { } path)
        {
            return File.Exists(path) || Directory.Exists(path)
                ? new PolicyChoice(System.IO.Path.GetFullPath(path), mode, broker)
                : throw new CliException($"--policy {path}: there is no such bundle", "cairn policy check DIR");
        }

        if (PolicyStore.Open(state).Current() is not null)
        {
            return new PolicyChoice(state, mode, broker);
        }

        return mode is null ? null : throw new CliException($"--policy-mode without a policy: none is named, and {state} has none", "cairn policy push DIR");
    }
}

/// <summary>A policy to decide with.</summary>
/// <param name="Path">A bundle's folder, a sealed bundle, or a data directory with a policy store.</param>
/// <param name="Mode">Whether its decisions bind; null: as the store or the bundle says.</param>
/// <param name="Broker">The broker that credentials come from; null: the data directory's own.</param>
internal sealed record PolicyChoice(string Path, PolicyMode? Mode, string? Broker);
