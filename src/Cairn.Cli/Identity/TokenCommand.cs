using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Trust;
using Cairn.Identity.Enrolment;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary><c>cairn identity token</c>: a join token for one identity, for an emitter on another machine.</summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var id = new Argument<string>("spiffe-id") { Description = "The identity that may be had with it: an agent's or a gateway's" };
        var ttl = new Option<string>("--ttl") { Description = "How long it may be used: 30s, 15m, 1h, 7d", HelpName = "TIME", DefaultValueFactory = _ => "1h" };
        var command = new Command("token", "Print a join token, good once: CAIRN_ENROL_TOKEN for cairn mcp --server") { data, id, ttl };
        command.SetAction(parsed =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            var wanted = SpiffeId.Parse(parsed.GetRequiredValue(id));
            if (wanted.TrustDomain != directory.TrustDomain || directory.TrustPolicy().RuleFor(wanted)?.Role is not (EmitterRole.Agent or EmitterRole.Gateway))
            {
                throw new CliException($"{wanted} can't be had by token; expected spiffe://{directory.TrustDomain}/agent/… or /gateway/…, or another id that the trust policy gives to agents or gateways");
            }

            Console.Out.WriteLine(new JoinTokens(directory.KeysPath).Make(wanted, Lifetime.Parse(parsed.GetRequiredValue(ttl))));
            return ExitCode.Done;
        });
        return command;
    }
}
