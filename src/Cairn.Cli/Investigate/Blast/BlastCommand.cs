using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;
using Cairn.Ledger.Timestamps;
using Cairn.Trails.Compromises;
using Cairn.Trails.Index;

namespace Cairn.Cli.Investigate.Blast;

/// <summary><c>cairn blast KIND ID --since TIME</c>: what is downstream of a compromise, and which proofs still stand.</summary>
internal static class BlastCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var kind = new Argument<string>("kind") { Description = string.Join(", ", Kinds) };
        kind.AcceptOnlyFromAmong(Kinds);
        var id = new Argument<string>("id") { Description = "Which one: as records name it; an agent or emitter also by the end of its SPIFFE ID" };
        var since = new Option<string>("--since") { Description = "Since when it is bad: a time, or how long ago (2h, 3d)", HelpName = "TIME", Required = true };
        var checkpoint = new Option<string[]>("--checkpoint") { Description = "A signed checkpoint that was kept: proves what it covers; may be given several times", HelpName = "FILE" };
        var command = new Command("blast", "What a compromised credential, key, agent, tool, policy, emitter or person reached, and which proofs still stand") { kind, id, since, checkpoint, output, data };
        command.SetAction((parsed, cancel) => RunAsync(
            new BlastRequest(
                DataOption.Resolve(parsed.GetValue(data)), Enum.Parse<CompromiseKind>(parsed.GetRequiredValue(kind), ignoreCase: true), parsed.GetRequiredValue(id),
                TimeText.Parse(parsed.GetRequiredValue(since), DateTimeOffset.UtcNow), parsed.GetValue(checkpoint) ?? [], parsed.IsJson(output)),
            Screen.Create(), cancel));
        return command;
    }

    public static async Task<int> RunAsync(BlastRequest request, Screen screen, CancellationToken cancel)
    {
        await using var open = await OpenLedger.ReadAsync(request.Data, sequence: false, cancel);
        var policy = open.Directory.TrustPolicy();
        var anchors = new AnchorStore(open.Directory).Claims(policy)
            .SelectMany(anchor => anchor.Claims.Select(claim => new CheckpointAnchor(anchor.Size, claim.NotAfter, Describe(claim)))).ToList();
        foreach (var file in request.Checkpoints)
        {
            anchors.AddRange(await AnchorsAsync(file, open, policy, cancel));
        }

        return await OpenIndex.UseAsync(
            open,
            async index =>
            {
                var report = await new BlastSearch(open.Ledger, index).FindAsync(new Compromise(request.Kind, Resolve(index, request.Kind, request.Id), request.Since), policy, anchors, cancel);
                if (request.Json)
                {
                    BlastJson.Write(report);
                }
                else
                {
                    BlastScreen.Print(screen, report);
                }

                return ExitCode.Done;
            },
            cancel);
    }

    private static string Describe(TimeClaim claim) => claim.By switch
    {
        TimeSource.Log => "the log itself",
        TimeSource.Witness => $"the witness {claim.Name}",
        _ => $"the timestamper {claim.Name}",
    };

    private static string[] Kinds => [.. Enum.GetNames<CompromiseKind>().Select(name => name.ToLowerInvariant())];

    private static string Resolve(TrailIndex index, CompromiseKind kind, string id)
    {
        if (kind is not (CompromiseKind.Agent or CompromiseKind.Emitter) || id.Contains("://", StringComparison.Ordinal))
        {
            return id;
        }

        var field = kind == CompromiseKind.Agent ? RecordField.Agent : RecordField.Emitter;
        return index.Values(field, $"*/{id.TrimStart('/')}") switch
        {
            [var one] => one,
            [] => throw new CliException($"no {(kind == CompromiseKind.Agent ? "agent's" : "emitter's")} SPIFFE ID ends in /{id.TrimStart('/')}", "cairn trails"),
            var several => throw new CliException($"{several.Count} SPIFFE IDs end in /{id.TrimStart('/')}: {string.Join(", ", several.Take(5))}; give the whole one"),
        };
    }

    // A checkpoint counts only when it is the log's own, and of this very tree.
    private static async Task<IEnumerable<CheckpointAnchor>> AnchorsAsync(string file, OpenLedger open, TrustPolicy policy, CancellationToken cancel)
    {
        try
        {
            var note = SignedNote.Parse(await File.ReadAllBytesAsync(file, cancel));
            var checkpoint = Checkpoint.Of(note);
            var verdict = policy.Log.Check(note);
            if (!verdict.Accepted)
            {
                throw new CliException($"the checkpoint {file} is not accepted: {string.Join("; ", verdict.Failures)}");
            }

            var published = open.Ledger.Checkpoint is { } newest ? Checkpoint.Of(newest).Size : 0;
            if (checkpoint.Size > published || await open.Ledger.Tree().RootAsync(checkpoint.Size, cancel) != checkpoint.Root)
            {
                throw new CliException($"the checkpoint {file} (size {checkpoint.Size}, root {checkpoint.Root.ToBase64()}) is not of this ledger's tree of size {published}: one of them was forked or cut", "cairn fsck");
            }

            return CheckpointAnchor.Of(note, verdict);
        }
        catch (EvidenceFormatException problem)
        {
            throw new CliException($"{file} is not a signed checkpoint: {problem.Message}");
        }
        catch (FileNotFoundException)
        {
            throw new CliException($"there is no checkpoint at {Path.GetFullPath(file)}");
        }
    }
}

/// <summary>What is bad, and how to tell.</summary>
internal sealed record BlastRequest(string Data, CompromiseKind Kind, string Id, DateTimeOffset Since, IReadOnlyList<string> Checkpoints, bool Json);
