using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Trails.Bundles;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn verifier</c>: the digest of the second verifier that goes into bundles, and the file itself.</summary>
internal static class VerifierCommand
{
    public static Command Create()
    {
        var file = new Option<string?>("--out", "-o") { Description = "Write the page to this file", HelpName = "FILE" };
        var command = new Command("verifier", "Print the SHA-256 of verify.html, the verifier for browsers that this program puts into bundles, as sha256sum does") { file };
        command.SetAction(async (parsed, cancel) =>
        {
            var given = parsed.GetValue(file);
            if (given is not null)
            {
                await File.WriteAllBytesAsync(given, VerifierPage.Bytes, cancel);
            }

            Console.Out.Write($"{VerifierPage.Sha256}  {given ?? "verify.html"}\n");
            return ExitCode.Done;
        });
        return command;
    }
}
