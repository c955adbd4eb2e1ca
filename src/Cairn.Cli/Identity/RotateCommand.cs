using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Identity;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary>
/// <c>cairn identity rotate</c>: a new key for the authority. Order: the present roots are in the ledger → the new root is
/// announced → and recorded → only then does it sign. So no certificate under it is older than its record.
/// </summary>
internal static class RotateCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var command = new Command("rotate", "Give the authority a new key; the old root goes on being believed until it is retired") { data };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            var directory = LedgerDirectory.Open(path);
            await using var trail = await OperatorTrail.StartAsync(path, "identity-rotate", cancel);
            await trail.RecordTrustAsync("rotation", cancel);
            var next = RootRotation.Announce(directory.KeysPath);
            await trail.RecordTrustAsync("rotation", cancel);
            RootRotation.Promote(directory.KeysPath);
            await trail.EndAsync("done", cancel);
            Console.Out.WriteLine(next.Thumbprint);
            Console.Error.WriteLine($"cairn: the authority of {directory.TrustDomain} signs with a new key; verifiers who have its trust policy need no new one. When the old SVIDs have ended: cairn identity retire");
            return ExitCode.Done;
        });
        return command;
    }
}
