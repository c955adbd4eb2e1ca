using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy test DIR</c>: runs a bundle's own cases.</summary>
internal static class PolicyTestCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var command = new Command("test", "Run a bundle's own test cases") { bundle, data, output };
        command.SetAction(parsed =>
        {
            var named = NamedBundle.Read(parsed.GetRequiredValue(bundle), DataOption.Resolve(parsed.GetValue(data)));
            var results = PolicyTestRun.Run(named.Load(), CedarModule.Shared);
            if (parsed.IsJson(output))
            {
                WriteJson(results);
            }
            else
            {
                Print(named, results);
            }

            return results.All(r => r.Passed) ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    /// <summary>Each failure with what was expected and found, and the count.</summary>
    public static void Print(NamedBundle named, IReadOnlyList<PolicyCaseResult> results)
    {
        foreach (var result in results.Where(r => !r.Passed))
        {
            Console.Out.WriteLine($"FAILED  {(named.IsFolder ? Path.Combine(named.Name, result.Case.File) : result.Case.File)}: {result.Case.Name}");
            foreach (var difference in result.Differences)
            {
                Console.Out.WriteLine($"        {difference}");
            }
        }

        Console.Out.WriteLine(results.Count == 0 ? "no cases: the bundle has no tests/*.json" : $"{results.Count(r => r.Passed)} passed, {results.Count(r => !r.Passed)} failed");
    }

    private static void WriteJson(IReadOnlyList<PolicyCaseResult> results) => JsonOutput.Write(json =>
    {
        json.WriteStartArray();
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("file", result.Case.File);
            json.WriteString("name", result.Case.Name);
            json.WriteBoolean("passed", result.Passed);
            json.WriteString("decision", OutcomeNames.Of(result.Found.Outcome));
            json.WriteTexts("determining", result.Found.Determining);
            json.WriteTexts("differences", result.Differences);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
