using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Investigate;
using Cairn.Cli.Terminal;
using Cairn.Evidence.Checkpoints;
using Cairn.Ledger;
using Cairn.Ledger.Witnessing;

namespace Cairn.Cli.Witnessing;

/// <summary><c>cairn ledger</c>: a ledger's dealings with its witnesses.</summary>
internal static class LedgerCommand
{
    public static Command Create() => new("ledger", "A ledger's dealings with its witnesses") { Cosign(), Witnesses() };

    private static Command Cosign()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var timeout = new Option<int>("--timeout") { Description = "How long to wait for the quorum, in seconds", HelpName = "SECONDS", DefaultValueFactory = _ => 30 };
        var command = new Command("cosign", "Get the newest checkpoint cosigned now, and wait until it has its quorum") { data, timeout, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            Require(directory);
            var patience = TimeSpan.FromSeconds(parsed.GetValue(timeout));
            await using var ledger = await EmbeddedLedger.OpenAsync(
                directory, new EmbeddedLedgerOptions { WitnessPatience = patience, WitnessAfresh = true }, cancel);
            if (ledger.Count() == 0)
            {
                throw new CliException($"the ledger {directory.Origin} has no statement yet: there is nothing to cosign");
            }

            var standing = ledger.Standing(await ledger.WaitForCheckpointAsync(ledger.Count() - 1, patience + TimeSpan.FromSeconds(5), cancel));
            if (parsed.IsJson(output))
            {
                Json(json => StandingJson.Write(json, "checkpoint", standing));
            }
            else
            {
                Console.Out.WriteLine($"size {standing.Size}: {standing}");
            }

            return standing.IsMet ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static Command Witnesses()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var command = new Command("witnesses", "Show what each witness cosigned last, and what the newest checkpoint has") { data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var directory = LedgerDirectory.Open(DataOption.Resolve(parsed.GetValue(data)));
            var policy = Require(directory);
            await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions { Sequence = false }, cancel);
            var (newest, final, progress) = (ledger.NewestCheckpoint(), ledger.FinalCheckpoint(), WitnessProgress.Read(directory));
            var standing = newest is null ? null : ledger.Standing(newest);
            if (parsed.IsJson(output))
            {
                Json(json => WriteAll(json, policy, progress, standing, final));
            }
            else
            {
                Print(policy, progress, standing, final);
            }

            return standing is { IsMet: false } ? ExitCode.CheckFailed : ExitCode.Done;
        });
        return command;
    }

    private static WitnessPolicy Require(LedgerDirectory directory) => WitnessPolicy.Read(directory)
        ?? throw new CliException($"this ledger asks no witness: there is no {directory.WitnessPolicyPath}", "docs/guide/witnesses.md shows how to name some");

    private static void Print(WitnessPolicy policy, WitnessProgress progress, CheckpointStanding? standing, SignedNote? final)
    {
        Console.Out.WriteLine(standing is null ? "no checkpoint yet" : $"newest   size {standing.Size}: {standing}");
        Console.Out.WriteLine(final is null ? "readers  get no checkpoint yet" : $"readers  get the checkpoint of size {Checkpoint.Of(final).Size}");
        foreach (var endpoint in policy.Endpoints)
        {
            var state = progress.Witnesses.GetValueOrDefault(endpoint.Url.AbsoluteUri);
            var last = state?.CosignedAt is { } at ? $"cosigned size {state.Size} at {at.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}" : "has cosigned nothing yet";
            Console.Out.WriteLine($"witness  {endpoint.Name} at {endpoint.Url}: {(state is { Failures: > 0 } ? $"FAILS since {state.FailingSince:u} ({state.Failures} times): {state.Problem}" : last)}");
        }
    }

    private static void WriteAll(Utf8JsonWriter json, WitnessPolicy policy, WitnessProgress progress, CheckpointStanding? standing, SignedNote? final)
    {
        StandingJson.Write(json, "checkpoint", standing);
        if (final is not null)
        {
            json.WriteNumber("final_size", Checkpoint.Of(final).Size);
        }

        json.WriteStartArray("witnesses");
        foreach (var endpoint in policy.Endpoints)
        {
            var state = progress.Witnesses.GetValueOrDefault(endpoint.Url.AbsoluteUri) ?? new WitnessState();
            json.WriteStartObject();
            json.WriteString("name", endpoint.Name);
            json.WriteString("url", endpoint.Url.AbsoluteUri);
            json.WriteNumber("size", state.Size);
            json.WriteNumber("failures", state.Failures);
            if (state.CosignedAt is { } at)
            {
                json.WriteString("cosigned_at", at);
            }

            if (state.Failures > 0)
            {
                json.WriteString("problem", state.Problem);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Json(Action<Utf8JsonWriter> write)
    {
        using var stdout = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(stdout, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        stdout.WriteByte((byte)'\n');
    }
}
