using System.CommandLine;
using Cairn.Broker;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Ledger;

namespace Cairn.Cli.Credentials;

/// <summary><c>cairn credential</c>: grants, and what became of the credentials under them.</summary>
internal static class CredentialCommand
{
    private const int MaxToken = 16 * 1024;

    public static Command Create() => new("credential", "Grant authority, see what was issued under it, and take it back") { Grant(), List(), Show(), Revoke(), Inspect() };

    private static Command Grant()
    {
        var (data, output) = (DataOption.Create(), OutputOption.Create());
        var subject = new Option<string>("--subject") { Description = "On whose behalf, such as ana@example.org", HelpName = "WHO", Required = true };
        var audience = new Option<string[]>("--audience") { Description = "For whom tokens may be issued under it; once for each", HelpName = "URI", Required = true };
        var scope = new Option<string[]>("--scope") { Description = "What they may permit; once for each, or in one text with spaces", HelpName = "SCOPE", Required = true };
        var ttl = new Option<string>("--ttl") { Description = "How long, such as 30m, 1h or 2d", HelpName = "TIME", DefaultValueFactory = _ => "1h" };
        var mayAct = new Option<string?>("--may-act") { Description = "The only workload that may use it; by default any that authenticates", HelpName = "SPIFFE-ID" };
        var trace = new Option<string?>("--trace") { Description = "The trail that it belongs to; by default a new one", HelpName = "TRACE-ID" };
        var by = new Option<string>("--by") { Description = "Who grants it, in the record", HelpName = "WHO", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("grant", "Print a token that agents' credentials can be exchanged for, once (CAIRN_SUBJECT_TOKEN)") { data, subject, audience, scope, ttl, mayAct, trace, by, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var request = new GrantRequest
            {
                Subject = parsed.GetRequiredValue(subject),
                Audience = parsed.GetRequiredValue(audience),
                Scope = [.. parsed.GetRequiredValue(scope).SelectMany(s => s.Split(' ', StringSplitOptions.RemoveEmptyEntries))],
                Ttl = Lifetime.Parse(parsed.GetRequiredValue(ttl)),
                MayAct = parsed.GetValue(mayAct) is not { } workload ? null
                    : SpiffeId.TryParse(workload, out var id) ? id : throw new CliException($"--may-act {workload} is not a SPIFFE ID", "--may-act spiffe://cairn.local/agent/NAME"),
                Context = new TraceParent(parsed.GetValue(trace) is { } trail ? TraceId.Parse(trail) : TraceId.New(), SpanId.New()),
                By = parsed.GetRequiredValue(by),
            };
            await using var broker = await OpenAsync(parsed.GetValue(data), cancel);
            var issued = await broker.GrantAsync(request, cancel);
            CredentialScreen.Granted(issued, parsed.IsJson(output));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List()
    {
        var (data, output) = (DataOption.Create(), OutputOption.Create());
        var all = new Option<bool>("--all") { Description = "Also those that are over" };
        var most = new Option<int>("--limit") { Description = "At most so many, the newest first", HelpName = "COUNT", DefaultValueFactory = _ => 100 };
        var command = new Command("list", "Credentials that hold now") { data, all, most, output };
        command.SetAction(parsed =>
        {
            using var catalogue = Catalogue(parsed.GetValue(data));
            CredentialScreen.List(catalogue.List(parsed.GetValue(most), parsed.GetValue(all)), parsed.IsJson(output));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var (data, output, id) = (DataOption.Create(), OutputOption.Create(), IdArgument());
        var command = new Command("show", "One credential: for whom, what, under which authority, and how it ended") { id, data, output };
        command.SetAction(parsed =>
        {
            using var catalogue = Catalogue(parsed.GetValue(data));
            CredentialScreen.Show(catalogue, One(catalogue, parsed.GetRequiredValue(id)), parsed.IsJson(output));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Revoke()
    {
        var (data, output, id) = (DataOption.Create(), OutputOption.Create(), IdArgument());
        var reason = new Option<string>("--reason") { Description = "Why, in the record", HelpName = "TEXT", DefaultValueFactory = _ => "revoked by an operator" };
        var by = new Option<string>("--by") { Description = "Who revokes it, in the record", HelpName = "WHO", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("revoke", "Take back a credential and all that were issued under it, at once") { id, data, reason, by, output };
        command.SetAction(async (parsed, cancel) =>
        {
            string found;
            using (var catalogue = Catalogue(parsed.GetValue(data)))
            {
                found = One(catalogue, parsed.GetRequiredValue(id)).Id;
            }

            await using var broker = await OpenAsync(parsed.GetValue(data), cancel);
            CredentialScreen.Revoked(found, await broker.RevokeAsync(found, parsed.GetRequiredValue(reason), parsed.GetRequiredValue(by), cancel), parsed.IsJson(output));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Inspect()
    {
        var (data, output) = (DataOption.Create(), OutputOption.Create());
        var command = new Command("inspect", "Whether the token on standard input is this broker's and holds (exit code 1 when it does not)") { data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var token = await ReadTokenAsync(cancel);
            await using var broker = await OpenAsync(parsed.GetValue(data), cancel);
            var isActive = broker.Inspect(token) is not null;
            CredentialScreen.Inspected(broker.Recognise(token), isActive, parsed.IsJson(output));
            return isActive ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static Argument<string> IdArgument() => new("id") { Description = "The credential's public id, or its beginning" };

    // From standard input, never from the command line, which every user of the machine can read.
    private static async Task<string> ReadTokenAsync(CancellationToken cancel)
    {
        var buffer = new char[MaxToken + 1];
        var read = await Console.In.ReadBlockAsync(buffer, cancel);
        var token = new string(buffer, 0, read).Trim();
        return read <= MaxToken && token.Length > 0
            ? token
            : throw new CliException(token.Length == 0 ? "no token came on standard input" : $"more than {MaxToken} characters came on standard input; expected one token", "printenv CAIRN_SUBJECT_TOKEN | cairn credential inspect");
    }

    private static Task<CredentialBroker> OpenAsync(string? data, CancellationToken cancel)
    {
        var root = LedgerDirectory.Open(DataOption.Resolve(data)).Root; // makes none: a typing error must not begin a new ledger
        return CredentialBroker.OpenAsync(new BrokerOptions { DataPath = root, Owner = Environment.UserName, SweepEvery = null }, cancel);
    }

    private static CredentialCatalogue Catalogue(string? data)
    {
        var root = LedgerDirectory.Open(DataOption.Resolve(data)).Root;
        return CredentialCatalogue.Open(root) ?? throw new CliException($"no credential was ever issued in {root}", "cairn credential grant --help");
    }

    private static CredentialEntry One(CredentialCatalogue catalogue, string start) => catalogue.Find(start) switch
    {
        [var one] => one,
        [] => throw new CliException($"no credential's id begins with \"{start}\"", "cairn credential list --all"),
        _ => throw new CliException($"several credentials' ids begin with \"{start}\"; give more of it", "cairn credential list --all"),
    };
}
