using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Ledger;
using Cairn.Policy;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Policy.Storage;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy push DIR</c>: checks, tests and seals a bundle, and makes it the one that gateways decide under.</summary>
internal static class PolicyPushCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var output = OutputOption.Create();
        var mode = new Option<string?>("--mode") { Description = "enforce: decisions bind. shadow: they are only recorded. Otherwise as the bundle says", HelpName = "enforce|shadow" };
        mode.AcceptOnlyFromAmong("enforce", "shadow");
        var command = new Command("push", "Check, test and seal a bundle, and make it the data directory's policy; gateways that run take it at once") { bundle, data, mode, output };
        command.SetAction(parsed =>
        {
            var folder = DataOption.Resolve(parsed.GetValue(data));
            var named = NamedBundle.Read(parsed.GetRequiredValue(bundle), folder);
            var loaded = named.Load();
            foreach (var warning in loaded.Warnings)
            {
                Console.Error.WriteLine(named.Show(warning));
            }

            var results = PolicyTestRun.Run(loaded, CedarModule.Shared);
            if (results.Any(r => !r.Passed))
            {
                PolicyTestCommand.Print(named, results);
                Console.Error.WriteLine("not pushed: its own cases fail");
                return ExitCode.CheckFailed;
            }

            PolicyMode? set = parsed.GetValue(mode) switch
            {
                "shadow" => PolicyMode.Shadow,
                "enforce" => PolicyMode.Enforce,
                _ => null,
            };
            PolicyStore.Open(LedgerDirectory.OpenOrCreate(folder).Root).Push(loaded.Files, set);
            var binds = (set ?? loaded.Manifest.Mode) == PolicyMode.Shadow ? "shadow" : "enforce";
            if (parsed.IsJson(output))
            {
                JsonOutput.Write(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("digest", $"sha256:{loaded.Digest}");
                    json.WriteString("name", loaded.Manifest.Name);
                    json.WriteString("version", loaded.Manifest.Version);
                    json.WriteString("mode", binds);
                    json.WriteNumber("cases", results.Count);
                    json.WriteEndObject();
                });
            }
            else
            {
                Console.Error.WriteLine($"{loaded.Manifest.Name} {loaded.Manifest.Version} is the policy of {folder} ({binds}; {results.Count} cases passed)");
                Console.Out.WriteLine($"sha256:{loaded.Digest}");
            }

            return ExitCode.Done;
        });
        return command;
    }
}
