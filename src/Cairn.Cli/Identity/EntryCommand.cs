using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Enrolment;
using Cairn.Ledger;

namespace Cairn.Cli.Identity;

/// <summary><c>cairn identity entry add|list|remove</c>: which processes of this machine get which identity.</summary>
internal static class EntryCommand
{
    public static Command Create() => new("entry", "Which processes get which identity") { Add(), List(), Remove() };

    private static Command Add()
    {
        var data = DataOption.Create();
        var id = new Argument<string>("spiffe-id") { Description = "The identity: spiffe://TRUST-DOMAIN/PATH" };
        var selectors = new Option<string[]>("--selector", "-s") { Description = "What must be true of the process, all of it: unix:uid:N, unix:gid:N, unix:path:/PROGRAM, unix:sha256:HEX", HelpName = "SELECTOR", Required = true };
        var owner = new Option<string>("--owner") { Description = "The person or team accountable for it", HelpName = "WHO", DefaultValueFactory = _ => $"{Environment.UserName}@{Environment.MachineName}" };
        var ttl = new Option<string>("--ttl") { Description = "How long an SVID lasts: 30s, 15m, 1h, 7d", HelpName = "TIME", DefaultValueFactory = _ => "1h" };
        var command = new Command("add", "Give an identity to the processes of which all selectors are true") { data, id, selectors, owner, ttl };
        command.SetAction(parsed =>
        {
            var entry = Open(parsed.GetValue(data)).Add(
                SpiffeId.Parse(parsed.GetRequiredValue(id)), parsed.GetRequiredValue(owner), Lifetime.Parse(parsed.GetRequiredValue(ttl)), [.. parsed.GetRequiredValue(selectors).Select(Selector.Parse)]);
            Console.Out.WriteLine(entry.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("list", "Show the entries") { data, output };
        command.SetAction(parsed =>
        {
            var entries = Open(parsed.GetValue(data)).All();
            if (parsed.IsJson(output))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(entries.Select(entry => new
                {
                    id = entry.Id, spiffe_id = entry.SpiffeId.ToString(), owner = entry.Owner, ttl_seconds = (long)entry.Ttl.TotalSeconds, selectors = entry.Selectors.Select(selector => selector.ToString()),
                })));
                return ExitCode.Done;
            }

            foreach (var entry in entries)
            {
                Console.Out.WriteLine($"{entry.Id}  {entry.SpiffeId}  {Lifetime.Text(entry.Ttl)}  {entry.Owner}");
                foreach (var selector in entry.Selectors)
                {
                    Console.Out.WriteLine($"                  {selector}");
                }
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Remove()
    {
        var data = DataOption.Create();
        var id = new Argument<string>("id") { Description = "The entry's id" };
        var command = new Command("remove", "Remove an entry: its processes get no further SVID") { data, id };
        command.SetAction(parsed =>
        {
            var entry = Open(parsed.GetValue(data)).Remove(parsed.GetRequiredValue(id));
            Console.Error.WriteLine($"cairn: removed {entry.SpiffeId}; the SVIDs it has last up to {Lifetime.Text(entry.Ttl)} more");
            return ExitCode.Done;
        });
        return command;
    }

    private static RegistrationEntries Open(string? data)
    {
        var directory = LedgerDirectory.Open(DataOption.Resolve(data));
        return new RegistrationEntries(directory.KeysPath, directory.TrustDomain);
    }
}
