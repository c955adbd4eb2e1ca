using System.CommandLine;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy diff BUNDLE</c>: what would have been decided otherwise.</summary>
internal static class PolicyDiffCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var command = new Command("diff", "Decide all recorded history anew under a bundle, and show what comes out otherwise (exit code 1 if anything does)") { bundle, data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = DataOption.Resolve(parsed.GetValue(data));
            var named = NamedBundle.Read(parsed.GetRequiredValue(bundle), folder);
            var loaded = named.Load();
            await using var open = await OpenLedger.ReadAsync(folder, sequence: false, cancel);
            var report = await WhatIf.RunAsync(loaded, CedarModule.Shared, DecisionHistory.ReadAsync(open, since: null, cancel), cancel);
            return WhatIfScreen.Show(loaded.Digest, report, parsed.IsJson(output));
        });
        return command;
    }
}
