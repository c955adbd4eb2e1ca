using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Policy.Bundles;
using Cairn.Policy.Checking;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy check DIR</c>: all that is wrong with a bundle, with file and line.</summary>
internal static class PolicyCheckCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var command = new Command("check", "Check a bundle against its schema, and show all that is wrong with it") { bundle, data, output };
        command.SetAction(parsed =>
        {
            var (problems, digest, name) = Check(parsed.GetRequiredValue(bundle), DataOption.Resolve(parsed.GetValue(data)));
            var valid = digest is not null && !problems.Any(p => p.Problem.IsWarning == false);
            if (parsed.IsJson(output))
            {
                JsonOutput.Write(json =>
                {
                    json.WriteStartObject();
                    json.WriteBoolean("valid", valid);
                    json.WriteString("digest", digest is { } d ? $"sha256:{d}" : null);
                    json.WriteProblems(problems.Select(p => p.Problem));
                    json.WriteEndObject();
                });
            }
            else
            {
                foreach (var (_, shown) in problems)
                {
                    Console.Out.WriteLine(shown);
                }

                Console.Out.WriteLine(valid ? $"valid: {name}, sha256:{digest}" : $"not valid: {problems.Count(p => !p.Problem.IsWarning)} problems");
            }

            return valid ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static (IReadOnlyList<(PolicyProblem Problem, string Shown)> Problems, Digest? Digest, string Name) Check(string name, string data)
    {
        NamedBundle? named = null;
        try
        {
            named = NamedBundle.Read(name, data);
            var bundle = named.Load();
            var problems = new List<PolicyProblem>(bundle.Warnings);
            PolicyCase.Read(bundle.Files, problems);
            return ([.. problems.Select(p => (p, named.Show(p)))], bundle.Digest, $"{bundle.Manifest.Name} {bundle.Manifest.Version}, {bundle.Policies.Count} policies");
        }
        catch (PolicyBundleException e)
        {
            return ([.. e.Problems.Select(p => (p, named?.Show(p) ?? (Directory.Exists(name) && p.File.Length > 0 ? p with { File = Path.Combine(name, p.File) } : p).ToString()))], named?.Files.Digest, "");
        }
    }
}
