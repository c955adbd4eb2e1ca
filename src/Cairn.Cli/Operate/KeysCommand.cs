using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Ledger;

namespace Cairn.Cli.Operate;

/// <summary><c>cairn keys</c>: with no more words, the trust policy of a data directory, to be handed to verifiers by another way than the bundle.</summary>
internal static class KeysCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var command = new Command("keys", "Print the trust policy of a ledger: log keys, trust-domain root, emitters (redirect it into a file); or change the log keys") { data };
        foreach (var step in LogKeyCommands.Create())
        {
            command.Add(step);
        }

        command.SetAction(parsed =>
        {
            Console.Out.Write(Policy(DataOption.Resolve(parsed.GetValue(data))));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The policy's text: C2SP tlog-policy lines, and the lines of Cairn's own for emitters.</summary>
    public static string Policy(string data) => LedgerDirectory.Open(data).TrustPolicy().Encode();
}
