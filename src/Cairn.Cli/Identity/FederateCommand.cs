using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Identity.Bundles;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary><c>cairn identity federate</c>: workloads get the bundle of another trust domain along with their own, and the ledger knows.</summary>
internal static class FederateCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var domain = new Argument<string>("trust-domain") { Description = "The other trust domain's name" };
        var file = new Argument<string?>("file") { Description = "Its SPIFFE bundle (a JWK Set)", Arity = ArgumentArity.ZeroOrOne };
        var remove = new Option<bool>("--remove") { Description = "End the federation with it" };
        var command = new Command("federate", "Give workloads the trust bundle of another trust domain, so that they can verify its workloads") { data, domain, file, remove };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            var directory = LedgerDirectory.Open(path);
            var (name, source) = (parsed.GetRequiredValue(domain), parsed.GetValue(file));
            if (name == directory.TrustDomain || (source is null) != parsed.GetValue(remove))
            {
                throw new CliException(name == directory.TrustDomain ? $"{name} is the authority's own trust domain" : "expected a bundle's FILE, or --remove", "cairn identity federate --help");
            }

            var bundles = new FederatedBundles(directory.KeysPath);
            await using var trail = await OperatorTrail.StartAsync(path, "identity-federate", cancel);
            if (source is not null)
            {
                var bundle = bundles.Set(name, await File.ReadAllBytesAsync(source, cancel));
                Console.Error.WriteLine($"cairn: {name} with {bundle.X509Authorities.Count} root(s) and {bundle.JwtAuthorities.Count} JWT key(s)");
            }
            else if (!bundles.Remove(name))
            {
                throw new CliException($"there is no federation with {name}");
            }

            await trail.RecordTrustAsync("rotation", cancel);
            await trail.EndAsync("done", cancel);
            return ExitCode.Done;
        });
        return command;
    }
}
