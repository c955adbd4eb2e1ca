using System.CommandLine;
using Cairn.Cli.Emit;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Gateway.Approvals;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Cli.Authorize;

/// <summary>Which desk is meant: that of a data directory, or that of this user's folder for a ledger on another machine.</summary>
internal sealed class DeskOptions(string name)
{
    public Option<string?> Data { get; } = DataOption.Create();

    public Option<string?> Server { get; } = new("--server") { Description = "The gateways that deliver to this ledger on another machine, in place of --data; their calls wait on this machine", HelpName = "URL" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(Data);
        command.Options.Add(Server);
    }

    /// <summary>The folder whose desk is meant.</summary>
    /// <exception cref="CliException">Options that exclude each other, or a server that is none.</exception>
    public string State(ParseResult parsed)
    {
        var server = parsed.GetValue(Server);
        if (server is null)
        {
            return DataOption.Resolve(parsed.GetValue(Data));
        }

        if (parsed.GetValue(Data) is not null)
        {
            throw new CliException("--data and --server exclude each other", $"cairn {name} --help");
        }

        return Uri.TryCreate(server, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? WayIn.StateOf(address)
            : throw new CliException($"--server takes an http or https address, found \"{server}\"", $"cairn {name} --server http://127.0.0.1:7070");
    }

    /// <summary>Whether a request says what its digest commits to; null where this user can't read the trail's key.</summary>
    public static bool? IsGenuine(ApprovalRequest request, string state)
    {
        try
        {
            if (File.Exists(Path.Combine(state, "cairn.json")))
            {
                using var keys = TrailVault.Open(LedgerDirectory.Open(state).VaultPath);
                return keys.TryGet(request.Trace, out var key) ? request.IsGenuine(key) : null;
            }

            var folder = Path.Combine(state, "keys");
            return File.Exists(Path.Combine(folder, $"{request.Trace}.key")) ? request.IsGenuine(new FileTrailKeys(folder).KeyFor(request.Trace)) : null;
        }
        catch (Exception e) when (e is LedgerDirectoryException or IOException or UnauthorizedAccessException)
        {
            // Another user's: whoever waits checks the digest all the same.
            return null;
        }
    }
}
