using System.CommandLine;
using System.Text;
using Cairn.Broker;
using Cairn.Cli.Terminal;
using Cairn.Identity.Files;
using Cairn.Ledger;

namespace Cairn.Cli.Credentials;

/// <summary><c>cairn broker</c>: the credential broker, its settings and its HTTP endpoints.</summary>
internal static class BrokerCommand
{
    public static Command Create() => new("broker", "Give agents short-lived credentials in place of shared secrets") { Init(), Serve() };

    private static Command Init()
    {
        var data = DataOption.Create();
        var command = new Command("init", "Write a commented broker.json with safe defaults") { data };
        command.SetAction(parsed =>
        {
            var root = LedgerDirectory.OpenOrCreate(DataOption.Resolve(parsed.GetValue(data))).Root;
            var path = BrokerSettings.PathIn(root);
            if (File.Exists(path))
            {
                throw new CliException($"{path} is there already; edit it, or remove it to begin anew", "cairn broker serve");
            }

            DurableFile.CreateDirectory(Path.GetDirectoryName(path)!);
            DurableFile.Write(path, Encoding.UTF8.GetBytes(BrokerFile.Commented));
            Console.Out.WriteLine(path);
            Console.Error.WriteLine("cairn: by it nothing is given without an operator's grant. Next: cairn credential grant --help, cairn broker serve");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Serve()
    {
        var data = DataOption.Create();
        var url = new Option<string?>("--urls") { Description = "Address to listen at; by default the issuer's of broker.json (http://127.0.0.1:7071)", HelpName = "URL" };
        var certificate = new Option<string?>("--tls-certificate") { Description = "Certificate chain for https, PEM, the server's own first", HelpName = "FILE" };
        var key = new Option<string?>("--tls-key") { Description = "Its private key, PEM, mode 0600", HelpName = "FILE" };
        var owner = new Option<string>("--owner") { Description = "Who answers for the broker, in its records", HelpName = "WHO", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("serve", "Exchange, introspect and revoke tokens over HTTP (RFC 8693, 7662, 7009)") { data, url, certificate, key, owner };
        command.SetAction(async (parsed, cancel) =>
        {
            await BrokerServer.RunAsync(
                new BrokerServerOptions
                {
                    Broker = new BrokerOptions { DataPath = DataOption.Resolve(parsed.GetValue(data)), Owner = parsed.GetRequiredValue(owner) },
                    Url = parsed.GetValue(url),
                    TlsCertificatePath = parsed.GetValue(certificate),
                    TlsKeyPath = parsed.GetValue(key),
                },
                cancel);
            return ExitCode.Done;
        });
        return command;
    }
}
