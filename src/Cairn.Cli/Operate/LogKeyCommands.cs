using System.CommandLine;
using Cairn.Cli.Identity;
using Cairn.Cli.Investigate;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Ledger;
using Cairn.Ledger.Keys;
using Cairn.Ledger.Witnessing;

namespace Cairn.Cli.Operate;

/// <summary><c>cairn keys rotate|retire|show|follow</c>: the keys that sign a ledger's checkpoints, and their changes.</summary>
internal static class LogKeyCommands
{
    private static readonly TimeSpan Overlap = TimeSpan.FromDays(1);

    public static IEnumerable<Command> Create() => [Rotate(), Retire(), Show(), Follow()];

    private static Command Rotate()
    {
        var data = DataOption.Create();
        var (algorithm, reason) = (new Option<string?>("--algorithm") { Description = "Only the key of this algorithm: ed25519 or ml-dsa-44; without it, both", HelpName = "NAME" }, Reason("rotation"));
        algorithm.AcceptOnlyFromAmong("ed25519", "ml-dsa-44");
        var command = new Command("rotate", "Make new log keys, which sign checkpoints beside the old ones until those are retired") { algorithm, reason, data };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            byte[] types = parsed.GetValue(algorithm) switch { "ed25519" => [KeyType.Ed25519], "ml-dsa-44" => [KeyType.MlDsa44], _ => [KeyType.Ed25519, KeyType.MlDsa44] };
            await using var open = await OpenLedger.ReadAsync(path, sequence: false, cancel);
            var change = new LogKeyChange(open.Directory, open.Ledger);
            var (rotation, isRecorded) = await Guard(() => change.AnnounceAsync(types, OperatorTrail.By, parsed.GetValue(reason)!, cancel), "cairn keys show; cairn keys retire");
            if (!isRecorded)
            {
                await using var trail = await OperatorTrail.StartAsync(path, "keys-rotate", cancel);
                await trail.RecordAsync(RecordKinds.LedgerKeyRotated, rotation.WriteTo, cancel);
                await trail.EndAsync("done", cancel);
            }

            foreach (var key in rotation.New)
            {
                Console.Out.WriteLine($"log {key}");
            }

            Console.Error.WriteLine($"cairn: {Names(rotation.New)} sign the checkpoints of {open.Directory.Origin} beside {Names(rotation.Old)} from now on. Hand the lines above to the operators of witnesses and monitors; when they have them: cairn keys retire");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Retire()
    {
        var data = DataOption.Create();
        var now = new Option<bool>("--now") { Description = "Although witnesses may not know the new keys yet: the old ones are known to others" };
        var reason = Reason("retirement");
        var command = new Command("retire", "Let the old log keys go: the next checkpoint is the last that they sign") { now, reason, data };
        command.SetAction(async (parsed, cancel) =>
        {
            var path = DataOption.Resolve(parsed.GetValue(data));
            await using var open = await OpenLedger.ReadAsync(path, sequence: false, cancel);
            var change = new LogKeyChange(open.Directory, open.Ledger);
            var (rotation, announced) = await Guard(() => change.RetirementAsync(OperatorTrail.By, parsed.GetValue(reason)!, cancel), "cairn keys rotate");
            if (WitnessPolicy.Read(open.Directory) is not null && !parsed.GetValue(now) && DateTimeOffset.UtcNow < announced + Overlap)
            {
                throw new CliException(
                    $"the new keys sign since {announced:u}; witnesses that do not have them yet would cosign nothing any more. Wait until {announced + Overlap:u}",
                    "cairn keys retire --now, when every witness has them or the old keys are not safe");
            }

            await using var trail = await OperatorTrail.StartAsync(path, "keys-retire", cancel);

            // A retirement that was recorded and then cut short is carried out, not recorded again.
            if (await change.FindRetirementAsync(rotation, cancel) is not { } index)
            {
                await trail.RecordAsync(RecordKinds.LedgerKeyRotated, rotation.WriteTo, cancel);
                index = await change.FindRetirementAsync(rotation, cancel) ?? throw new CliException("the ledger acknowledged the retirement, and does not have it; nothing was retired", "cairn fsck");
            }

            change.Begin(rotation, index);
            await trail.EndAsync("done", cancel);
            if (await change.WaitAsync(index, TimeSpan.FromSeconds(30), cancel) is not { } done)
            {
                throw new CliException($"the retirement is statement {index} of the ledger, and no checkpoint that covers it was made in 30 s; the next one ends it, by whatever process makes checkpoints", "cairn keys show");
            }

            foreach (var key in rotation.Old)
            {
                Console.Out.WriteLine($"retired {key} {done.Succession.Size}");
            }

            Console.Error.WriteLine($"cairn: the checkpoint of size {done.Succession.Size} was the last by {Names(rotation.Old)}; their private keys are gone. Verifiers with the trust policy of before need no new one; with the lines above, or with what `cairn keys` prints now, they refuse whatever a thief of the old keys signs beyond that");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("show", "Show the log keys: in force, signing beside them, retired") { output, data };
        command.SetAction(parsed =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            var files = new LogKeyFiles(directory);
            using var keys = files.Read();
            var rows = keys.InForce.Select(one => (State: files.Retirement() is { } going && going.Old.Contains(one.VerifierKey) ? "retiring" : "in force", Key: one.VerifierKey, Size: (long?)null))
                .Concat(keys.Next.Select(one => (State: "signs beside", Key: one.VerifierKey, Size: (long?)null)))
                .Concat(keys.Retired.Select(one => (State: "retired", one.Key, Size: (long?)one.Size))).ToList();
            if (parsed.IsJson(output))
            {
                JsonOutput.Write(json =>
                {
                    json.WriteStartArray();
                    foreach (var (state, key, size) in rows)
                    {
                        json.WriteStartObject();
                        json.WriteString("state", state);
                        json.WriteString("key", key.ToString());
                        if (size is { } last)
                        {
                            json.WriteNumber("largest_tree", last);
                        }

                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                });
                return ExitCode.Done;
            }

            foreach (var (state, key, size) in rows)
            {
                Console.Out.WriteLine($"{state,-12}  {Name(key)}{(size is { } last ? $"  trees of at most {last} statements" : "")}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Follow()
    {
        var bundle = new Argument<string>("bundle") { Description = "A bundle of the ledger from after the change" };
        var trust = new Option<string>("--trust", "-t") { Description = "The trust policy of before", HelpName = "POLICY", Required = true };
        var command = new Command("follow", "Print the trust policy as a bundle's proofs of changed log keys leave it: new keys in force, old ones retired") { bundle, trust };
        command.SetAction(async (parsed, cancel) =>
        {
            var (path, policy) = (parsed.GetRequiredValue(bundle), await TrustFile.ReadAsync(parsed.GetRequiredValue(trust), cancel));
            if (!File.Exists(path))
            {
                throw new CliException($"there is no bundle at {Path.GetFullPath(path)}");
            }

            await using var zip = File.OpenRead(path);
            var report = BundleVerifier.Verify(zip, policy, cancellationToken: cancel);
            if (report.Integrity.State == VerdictState.Failed || report is not { LogKeys: { } keys, Checkpoint: { } checkpoint })
            {
                Console.Error.WriteLine($"cairn: {path} is not whole under this policy, so it proves no change of keys: {report.Integrity.Failures[0]}");
                return ExitCode.CheckFailed;
            }

            Console.Out.Write(policy.WithKeys(checkpoint.Origin, keys).Encode());
            Console.Error.WriteLine(keys.Successions.Count == 0 ? "cairn: the bundle proves no change of log keys; the policy is as it was" : $"cairn: {keys.Successions.Count} changes of log keys followed; in force: {Names(keys.Newest)}");
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string> Reason(string usual) => new("--reason") { Description = "Why, for the record in the ledger", HelpName = "TEXT", DefaultValueFactory = _ => usual };

    private static string Names(IEnumerable<VerifierKey> keys) => string.Join(" and ", keys.Select(Name));

    private static string Name(VerifierKey key) => $"{key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";

    private static async Task<T> Guard<T>(Func<Task<T>> step, string next)
    {
        try
        {
            return await step();
        }
        catch (LogKeyChangeException problem)
        {
            throw new CliException(problem.Message, next);
        }
    }
}
