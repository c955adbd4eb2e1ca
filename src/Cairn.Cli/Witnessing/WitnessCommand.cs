using System.CommandLine;
using System.Runtime.InteropServices;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Trust;
using Cairn.Witness;
using Cairn.Witness.Serving;

namespace Cairn.Cli.Witnessing;

/// <summary><c>cairn witness</c>: one that cosigns the checkpoints of other people's ledgers (C2SP tlog-witness).</summary>
internal static class WitnessCommand
{
    public static Command Create() => new("witness", "Cosign the checkpoints of other people's ledgers (C2SP tlog-witness)") { Init(), Serve(), Keys() };

    private static Option<string> Folder() => new("--dir") { Description = "The witness's folder: keys and memory", HelpName = "DIR", Required = true };

    private static Option<string?> Url() => new("--url") { Description = "Where ledgers reach the witness: written into the printed lines", HelpName = "URL" };

    private static Command Init()
    {
        var (folder, url) = (Folder(), Url());
        var name = new Option<string>("--name") { Description = "The witness's name: a URL without scheme, say witness.example/w1", HelpName = "NAME", Required = true };
        var command = new Command("init", "Make a witness with new keys, and print its lines for trust policies") { folder, name, url };
        command.SetAction(parsed =>
        {
            var directory = WitnessDirectory.Create(parsed.GetRequiredValue(folder), parsed.GetRequiredValue(name));
            Console.Out.Write(directory.PolicyLines(parsed.GetValue(url)));
            Console.Error.WriteLine($"cairn: a new witness at {directory.Root}. Keep the folder as a whole, and never bring back an older copy: a witness that forgot could cosign a second history");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Keys()
    {
        var (folder, url) = (Folder(), Url());
        var command = new Command("keys", "Print the witness's lines for trust policies and for ledgers' witness.policy") { folder, url };
        command.SetAction(parsed =>
        {
            Console.Out.Write(WitnessDirectory.Open(parsed.GetRequiredValue(folder)).PolicyLines(parsed.GetValue(url)));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Serve()
    {
        var folder = Folder();
        var logs = new Option<string[]>("--logs") { Description = "Policies whose `log` lines name the logs to cosign: what `cairn keys` prints at the ledger. May be given more than once", HelpName = "FILE", Required = true };
        var listen = new Option<string>("--listen") { Description = "Address to listen on", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:7080" };
        var certificate = new Option<string?>("--tls-certificate") { Description = "PEM file with the certificate chain of an https address", HelpName = "FILE" };
        var key = new Option<string?>("--tls-key") { Description = "PEM file with that certificate's key", HelpName = "FILE" };
        var command = new Command("serve", "Run the witness") { folder, logs, listen, certificate, key };
        command.SetAction(async (parsed, cancel) =>
        {
            var (known, retired) = (new List<PolicyLog>(), new List<RetiredKey>());
            foreach (var file in parsed.GetRequiredValue(logs))
            {
                var policy = (await TrustFile.ReadAsync(file, cancel)).Log;
                known.AddRange(policy.Logs);
                retired.AddRange(policy.Retired);
            }

            await RunAsync(
                new WitnessServerOptions
                {
                    Path = parsed.GetRequiredValue(folder),
                    Logs = known,
                    Retired = retired,
                    Url = parsed.GetRequiredValue(listen),
                    CertificatePath = parsed.GetValue(certificate),
                    CertificateKeyPath = parsed.GetValue(key),
                },
                cancel);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task RunAsync(WitnessServerOptions options, CancellationToken cancel)
    {
        using var told = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            told.Cancel();
        });
        await using var server = await WitnessServer.StartAsync(options, told.Token);
        options.Log($"witness at {server.Address} for {string.Join(", ", server.Origins)}");
        await Task.Delay(Timeout.InfiniteTimeSpan, told.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        options.Log("stopping; what was cosigned is durable");
    }
}
