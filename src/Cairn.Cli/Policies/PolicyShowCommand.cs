using System.CommandLine;
using System.Text;
using Cairn.Cli.Terminal;
using Cairn.Policy.Bundles;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy show BUNDLE</c>: what a bundle consists of; or takes it out into a folder.</summary>
internal static class PolicyShowCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var bundle = NamedBundle.AnyArgument();
        var extract = new Option<string?>("--extract") { Description = "Write the files to this folder, empty or not there yet, instead", HelpName = "DIR" };
        var command = new Command("show", "Show a bundle's files, or take them out of a sealed one") { bundle, data, extract, output };
        command.SetAction(parsed =>
        {
            var named = NamedBundle.Read(parsed.GetRequiredValue(bundle), DataOption.Resolve(parsed.GetValue(data)));
            if (parsed.GetValue(extract) is { } folder)
            {
                named.Files.Extract(folder);
                Console.Error.WriteLine($"{named.Files.Files.Count} files of sha256:{named.Files.Digest} are in {folder}");
            }
            else if (parsed.IsJson(output))
            {
                WriteJson(named);
            }
            else
            {
                Print(named);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(NamedBundle named)
    {
        var manifest = BundleManifest.Read(named.Files);
        Console.Out.WriteLine($"{manifest.Name} {manifest.Version}: {manifest.Description}");
        Console.Out.WriteLine($"sha256:{named.Files.Digest}");
        foreach (var (path, content) in named.Files.Files)
        {
            Console.Out.WriteLine();
            Console.Out.WriteLine($"--- {path}");
            Console.Out.Write(Encoding.UTF8.GetString(content.Span));
        }
    }

    private static void WriteJson(NamedBundle named) => JsonOutput.Write(json =>
    {
        var manifest = BundleManifest.Read(named.Files);
        json.WriteStartObject();
        json.WriteString("digest", $"sha256:{named.Files.Digest}");
        json.WriteString("name", manifest.Name);
        json.WriteString("version", manifest.Version);
        json.WriteStartObject("files");
        foreach (var (path, content) in named.Files.Files)
        {
            json.WriteString(path, content.Span);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });
}
