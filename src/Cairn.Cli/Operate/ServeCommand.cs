using System.CommandLine;
using Cairn.Cli.Credentials;
using Cairn.Cli.Terminal;
using Cairn.Server;

namespace Cairn.Cli.Operate;

/// <summary><c>cairn serve</c>: ingest, receipts and the static log over HTTP.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var listen = new Option<string>("--listen")
        {
            Description = "Address to listen on; beyond loopback put TLS in front",
            HelpName = "URL",
            DefaultValueFactory = _ => "http://127.0.0.1:7070",
        };
        var open = new Option<bool>("--open") { Description = "Let anyone who can connect read; on loopback only" };
        var stamp = new Option<string>("--timestamp-every") { Description = "How often the checkpoint is stamped, where `cairn timestamp add` named authorities", HelpName = "TIME", DefaultValueFactory = _ => "1h" };
        var command = new Command("serve", "Take statements and give receipts over HTTP, for emitters on other machines") { data, listen, open, stamp };
        command.SetAction(async (parsed, cancel) =>
        {
            var options = new CairnServerOptions
            {
                DataPath = DataOption.Resolve(parsed.GetValue(data)),
                Url = parsed.GetRequiredValue(listen),
                Open = parsed.GetValue(open),
                TimestampEvery = Lifetime.Parse(parsed.GetRequiredValue(stamp)),
            };
            await CairnServer.RunAsync(options, cancel);
            return ExitCode.Done;
        });
        return command;
    }
}
