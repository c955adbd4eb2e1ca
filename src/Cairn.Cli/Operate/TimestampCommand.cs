using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Cairn.Cli.Credentials;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Ledger;
using Cairn.Ledger.Timestamps;

namespace Cairn.Cli.Operate;

/// <summary><c>cairn timestamp</c>: RFC 3161 authorities whose tokens say when the ledger's checkpoints existed.</summary>
internal static class TimestampCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create() => new("timestamp", "Have checkpoints stamped by timestamp authorities (RFC 3161)") { Add(), Now(), List(), Remove() };

    /// <summary>An answer in a line.</summary>
    public static string Describe(TimestampAnswer answer) => answer switch
    {
        { Problem: { } problem } => $"timestamp: {problem}",
        { Check: { } check } => $"timestamp: {answer.Service} stamped the checkpoint of size {answer.Size} at {check.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}{(check.Accuracy is { } accuracy ? $" (± {accuracy.TotalSeconds} s)" : "")}",
        _ => $"timestamp: {answer.Service} has stamped the checkpoint of size {answer.Size} before",
    };

    private static Command Add()
    {
        var data = DataOption.Create();
        var name = new Argument<string>("name") { Description = "What the trust policy is to call it" };
        var url = new Argument<Uri>("url") { Description = "Where it answers", CustomParser = result => new Uri(result.Tokens[0].Value, UriKind.RelativeOrAbsolute) };
        var root = new Option<FileInfo[]>("--root") { Description = "A root certificate of it, PEM or DER; may be given again", HelpName = "FILE", Required = true };
        var command = new Command("add", "Ask an authority from now on, and name it in the trust policy") { name, url, root, data };
        command.SetAction(parsed =>
        {
            var services = new TimestampServices(LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data))));
            services.Add(parsed.GetRequiredValue(name), parsed.GetRequiredValue(url), [.. parsed.GetRequiredValue(root).Select(Certificate)]);
            Console.Error.WriteLine($"cairn: {parsed.GetRequiredValue(name)} is asked from now on; verifiers need the trust policy that `cairn keys` prints now");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Now()
    {
        var data = DataOption.Create();
        var every = new Option<string?>("--every") { Description = "Go on, and have it done again after that time: 10m, 1h", HelpName = "TIME" };
        var command = new Command("now", "Have the newest checkpoint stamped by every authority") { every, data };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var open = await OpenLedger.ReadAsync(DataOption.Resolve(parsed.GetValue(data)), sequence: true, cancel);
            return parsed.GetValue(every) is { } time ? await KeepAsync(open, Lifetime.Parse(time), cancel) : await StampAsync(open, cancel);
        });
        return command;
    }

    private static async Task<int> StampAsync(OpenLedger open, CancellationToken cancel)
    {
        if (open.Ledger.Count() == 0)
        {
            throw new CliException("the ledger is empty: there is no checkpoint to stamp");
        }

        using var http = new HttpClient();
        var checkpoint = await open.Ledger.WaitForCheckpointAsync(open.Ledger.Count() - 1, Patience, cancel);
        var answers = await TimestampRound.RunAsync(open.Directory, checkpoint, http, TimeProvider.System, cancel);
        if (answers.Count == 0)
        {
            throw new CliException("no timestamp authority is asked here", "cairn timestamp add NAME URL --root FILE");
        }

        foreach (var answer in answers)
        {
            Console.Error.WriteLine($"cairn: {Describe(answer)}");
        }

        return answers.Any(answer => answer.Problem is not null) ? ExitCode.CheckFailed : ExitCode.Done;
    }

    private static async Task<int> KeepAsync(OpenLedger open, TimeSpan every, CancellationToken cancel)
    {
        try
        {
            await TimestampRound.KeepAsync(open.Directory, () => open.Ledger.Checkpoint, every, TimeProvider.System, answer => Console.Error.WriteLine($"cairn: {Describe(answer)}"), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Asked to stop.
        }

        return ExitCode.Done;
    }

    private static Command List()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("list", "Show the authorities and their newest tokens") { output, data };
        command.SetAction(parsed =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            var anchors = new AnchorStore(directory);
            var sizes = anchors.Sizes();
            var rows = new TimestampServices(directory).All().Select(service => (
                Service: service,
                Newest: sizes.Reverse().FirstOrDefault(size => anchors.Find(size)!.Tokens.Any(token => token.Timestamper == service.Name), -1))).ToList();
            if (parsed.IsJson(output))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(rows.Select(row => new
                {
                    name = row.Service.Name, url = row.Service.Url?.ToString(), roots = row.Service.Roots.Select(root => Convert.ToHexStringLower(SHA256.HashData(root))), newest_size = row.Newest < 0 ? (long?)null : row.Newest,
                })));
                return ExitCode.Done;
            }

            foreach (var (service, newest) in rows)
            {
                Console.Out.WriteLine($"{service.Name}  {service.Url?.ToString() ?? "not asked any more"}  {(newest < 0 ? "no token yet" : $"newest token over the checkpoint of size {newest}")}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Remove()
    {
        var data = DataOption.Create();
        var name = new Argument<string>("name") { Description = "The authority's name" };
        var distrust = new Option<bool>("--distrust") { Description = "Take its roots out of the trust policy too: its old tokens claim nothing any more" };
        var command = new Command("remove", "Ask an authority no more; its old tokens still count unless it is distrusted") { name, distrust, data };
        command.SetAction(parsed =>
        {
            new TimestampServices(LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)))).Remove(parsed.GetRequiredValue(name), parsed.GetValue(distrust));
            return ExitCode.Done;
        });
        return command;
    }

    private static byte[] Certificate(FileInfo file)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(file.FullName);
            return certificate.RawData;
        }
        catch (CryptographicException problem)
        {
            throw new CliException($"{file} holds no certificate: {problem.Message}");
        }
    }
}
