using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Policy.Evaluation;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy eval BUNDLE --input FILE</c>: decides one input document, as recorded or written by hand.</summary>
internal static class PolicyEvalCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var input = new Option<string>("--input", "-i") { Description = "The decision's input document; - for standard input", HelpName = "FILE", Required = true };
        var command = new Command("eval", "Decide one input document: the recorded one gives the recorded decision again") { bundle, input, data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var named = NamedBundle.Read(parsed.GetRequiredValue(bundle), DataOption.Resolve(parsed.GetValue(data)));
            var evaluation = PolicyEvaluator.Recompute(named.Load(), CedarModule.Shared, await ReadAsync(parsed.GetRequiredValue(input), cancel));
            if (parsed.IsJson(output))
            {
                WriteJson(named, evaluation);
            }
            else
            {
                Print(evaluation);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancel)
    {
        if (file != "-")
        {
            return await File.ReadAllBytesAsync(file, cancel);
        }

        using var buffer = new MemoryStream();
        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(buffer, cancel);
        return buffer.ToArray();
    }

    private static void Print(PolicyEvaluation evaluation)
    {
        Console.Out.WriteLine($"{OutcomeNames.Of(evaluation.Outcome)}: {evaluation.Reason}");
        foreach (var (name, values) in new (string, IReadOnlyList<string>)[]
        {
            ("determining", evaluation.Determining), ("obligation", evaluation.Obligations), ("error", evaluation.Errors), ("engine", evaluation.RequestErrors),
        })
        {
            foreach (var value in values)
            {
                Console.Out.WriteLine($"  {name}: {value}");
            }
        }
    }

    private static void WriteJson(NamedBundle named, PolicyEvaluation evaluation) => JsonOutput.Write(json =>
    {
        var engine = CedarModule.Shared.Identity;
        json.WriteStartObject();
        json.WriteString("bundle", $"sha256:{named.Files.Digest}");
        json.WriteString("engine", engine.Name);
        json.WriteString("engine_version", engine.Version);
        json.WriteString("engine_digest", $"sha256:{engine.Digest}");
        json.WriteString("decision", OutcomeNames.Of(evaluation.Outcome));
        json.WriteString("reason", evaluation.Reason);
        json.WriteTexts("determining", evaluation.Determining);
        json.WriteTexts("obligations", evaluation.Obligations);
        json.WriteTexts("errors", evaluation.Errors);
        json.WriteEndObject();
    });
}
