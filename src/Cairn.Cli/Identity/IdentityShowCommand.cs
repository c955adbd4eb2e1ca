using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Identity;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary><c>cairn identity show</c>: which identity a process has here, from whom, until when.</summary>
internal static class IdentityShowCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var socket = SpiffeSocket.Create();
        var output = OutputOption.Create();
        var command = new Command("show", "Show which identity I get here, from whom, until when; and the authority's roots and revoked keys") { data, socket, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var endpoint = SpiffeSocket.Resolve(parsed.GetValue(socket));
            var directory = endpoint is null || parsed.GetValue(data) is not null ? LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data))) : null;
            var identities = endpoint is not null ? await PresentIdentity.OfAsync(endpoint, cancel) : [PresentIdentity.Of(directory!)];
            Print(identities, directory is null ? [] : Roots(directory), directory is null ? [] : RevokedKeys.Read(directory.KeysPath), parsed.IsJson(output));
            return ExitCode.Done;
        });
        return command;
    }

    private static IReadOnlyList<AuthorityRoot> Roots(LedgerDirectory directory)
    {
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        return authority.Roots;
    }

    private static void Print(IReadOnlyList<PresentIdentity> identities, IReadOnlyList<AuthorityRoot> roots, IReadOnlyList<RefusedKey> revoked, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new
            {
                identities = identities.Select(one => new { spiffe_id = one.Id, source = one.Source, not_before = one.From, not_after = one.Until, hint = one.Hint }),
                roots = roots.Select(root => new { sha256 = root.Thumbprint.ToString(), state = root.State.ToString().ToLowerInvariant(), since = root.Since }),
                revoked = revoked.Select(one => new { key = one.Key.ToString(), emitter = one.Emitter, since = one.Time }),
            }));
            return;
        }

        foreach (var one in identities)
        {
            Console.Out.WriteLine($"{one.Id}{(one.Hint.Length > 0 ? $" ({one.Hint})" : "")}\n  from  {one.Source}\n  until {one.Until:u}");
        }

        foreach (var root in roots)
        {
            Console.Out.WriteLine($"root {root.Thumbprint}  {root.State.ToString().ToLowerInvariant()} since {root.Since:u}");
        }

        foreach (var one in revoked)
        {
            Console.Out.WriteLine($"key  {one.Key}  refused since {one.Time:u}{(one.Emitter.Length > 0 ? $"  {one.Emitter}" : "")}");
        }
    }
}
