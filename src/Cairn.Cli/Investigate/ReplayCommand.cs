using System.Collections.ObjectModel;
using System.CommandLine;
using Cairn.Cli.Investigate.Replays;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;
using Cairn.Trails;
using Cairn.Trails.Replay;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn replay TRACE</c>: steps through a trail, recomputes its decisions, or answers an agent from it.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var trace = new Argument<string?>("trace") { Description = "A trace id, or the start of one", Arity = ArgumentArity.ZeroOrOne };
        var bundle = new Option<string?>("--bundle") { Description = "Replay this evidence bundle, and no ledger", HelpName = "FILE" };
        var trust = new Option<string?>("--trust", "-t") { Description = "The trust policy for the bundle, received by another way", HelpName = "POLICY" };
        var step = new Option<int?>("--step") { Description = "Print the state after that many records", HelpName = "N" };
        var at = new Option<string?>("--at") { Description = "Print the state at that instant: a time, or how long ago (5m, 24h)", HelpName = "TIME" };
        var all = new Option<bool>("--all") { Description = "Print the state after every record; with --policy, the decisions of all trails" };
        var policy = new Option<bool>("--policy") { Description = "Recompute each decision from its recorded input, bundle and engine (exit code 1 if any comes out otherwise)" };
        var with = new Option<string?>("--with") { Description = "What this bundle would have decided: a folder, a sealed file, a stored digest or current", HelpName = "BUNDLE" };
        var policies = new Option<string[]>("--policies") { Description = "With --policy, a bundle besides those of the data directory; may be given several times", HelpName = "BUNDLE", AllowMultipleArgumentsPerToken = false };
        var since = new Option<string?>("--since") { Description = "With --policy, the decisions of all trails since then: a time, or how long ago (24h, 7d)", HelpName = "TIME" };
        var asMcp = new Option<bool>("--as-mcp") { Description = "Be an MCP server over stdio that answers from the recorded outputs (exit code 1 if the agent did otherwise)" };
        var server = new Option<string?>("--server") { Description = "With --as-mcp, the recorded server to stand in for, where there are several", HelpName = "NAME" };
        var agent = new Option<string?>("--agent") { Description = "With --as-mcp, only the calls of this agent: its SPIFFE ID or the end of it", HelpName = "ID" };
        var report = new Option<string?>("--report") { Description = "With --as-mcp, write the divergence report there, as JSON", HelpName = "FILE" };
        var output = OutputOption.Create();
        output.Aliases.Add("--format");
        var command = new Command("replay", "Step through a trail, forward and back; recompute its decisions; run the agent again against the recorded world")
        {
            trace, bundle, trust, step, at, all, policy, with, policies, since, asMcp, server, agent, report, output, data,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = DataOption.Resolve(parsed.GetValue(data));
            if (parsed.GetValue(step) is not null && (parsed.GetValue(at) is not null || parsed.GetValue(all)))
            {
                throw new CliException("--step, --at and --all are three ways to say which states: give one");
            }

            var decides = parsed.GetValue(policy) || parsed.GetValue(with) is not null;
            Refuse(parsed, !decides, "--policy", policies, since);
            Refuse(parsed, !parsed.GetValue(asMcp), "--as-mcp", server, agent, report);
            if (parsed.GetValue(asMcp) && decides)
            {
                throw new CliException("--policy and --as-mcp are two kinds of replay: give one");
            }

            if (decides && parsed.GetValue(trace) is null && parsed.GetValue(bundle) is null)
            {
                if (!parsed.GetValue(all) && parsed.GetValue(since) is null)
                {
                    throw new CliException("the decisions of which trail? Give a trace id, --bundle FILE, or --all or --since TIME for the whole history");
                }

                await using var open = await OpenLedger.ReadAsync(folder, sequence: false, cancel);
                DateTimeOffset? from = parsed.GetValue(since) is { } text ? TimeText.Parse(text, DateTimeOffset.UtcNow) : null;
                return await DecideAsync(
                    folder, parsed.GetValue(with), ReadOnlyDictionary<Digest, ReadOnlyMemory<byte>>.Empty, parsed.GetValue(policies) ?? [], DecisionHistory.ReadAsync(open, from, cancel), trace => open.Trails.ReadAsync(trace, cancel), parsed.IsJson(output), cancel);
            }

            await using var source = await OpenAsync(folder, parsed.GetValue(trace), parsed.GetValue(bundle), parsed.GetValue(trust), cancel);
            if (decides)
            {
                return await DecideAsync(
                    folder, parsed.GetValue(with), source.Policies, parsed.GetValue(policies) ?? [], DecisionHistory.Of(source.Trail.Records.Select(entry => entry.Record), source.Contents).ToAsyncEnumerable(),
                    _ => Task.FromResult(source.Trail), parsed.IsJson(output), cancel);
            }

            return parsed.GetValue(asMcp)
                ? await WorldRun.RunAsync(source, parsed.GetValue(server), parsed.GetValue(agent), parsed.GetValue(report), cancel)
                : States(source, parsed.GetValue(step), parsed.GetValue(at), parsed.GetValue(all), parsed.IsJson(output), cancel);
        });
        return command;
    }

    private static void Refuse(ParseResult parsed, bool isWrong, string needed, params Option[] options)
    {
        if (isWrong && options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } given)
        {
            throw new CliException($"{given.Name} says something about {needed}, which is not given");
        }
    }

    private static async Task<int> DecideAsync(
        string data, string? with, IReadOnlyDictionary<Digest, ReadOnlyMemory<byte>> brought, IReadOnlyList<string> policies, IAsyncEnumerable<RecordedDecision> history, Func<TraceId, Task<Trail>> trailOf, bool json, CancellationToken cancel)
    {
        if (with is null)
        {
            return await new PolicyReplay(data, brought, policies).RunAsync(history, trailOf, json, cancel);
        }

        var bundle = NamedBundle.Read(with, data).Load();
        return WhatIfScreen.Show(bundle.Digest, await WhatIf.RunAsync(bundle, CedarModule.Shared, history, cancel), json);
    }

    private static Task<ReplaySource> OpenAsync(string data, string? trace, string? bundle, string? trust, CancellationToken cancel) => (trace, bundle, trust) switch
    {
        (not null, not null, _) => throw new CliException("a bundle holds one trail: give --bundle or a trace id, not both"),
        (null, null, _) => throw new CliException("which trail? Give a trace id or --bundle FILE", $"cairn trails --data {data}"),
        (_, null, not null) => throw new CliException("--trust is for a bundle; a ledger is read by its own policy"),
        (_, not null, _) => ReplaySource.OfBundleAsync(bundle, trust, cancel),
        _ => ReplaySource.OfLedgerAsync(data, trace!, cancel),
    };

    private static int States(ReplaySource source, int? step, string? at, bool all, bool json, CancellationToken cancel)
    {
        var trail = source.Trail;
        if (step is null && at is null && !all && !json && StepThrough.IsPossible)
        {
            StepThrough.Run(trail, 1, cancel);
            return ExitCode.Done;
        }

        var last = trail.Records.Count;
        var chosen = at is not null ? trail.StepAt(TimeText.Parse(at, DateTimeOffset.UtcNow)) : step ?? last;
        if (chosen < 1 || chosen > last)
        {
            throw new CliException(at is not null
                ? $"no record of the trail is from {at} or before: it began at {trail.Started.UtcDateTime:O}"
                : $"there is no step {chosen}: the trail has {last} records, and steps are 1 to {last}");
        }

        var states = all ? ReplayState.All(trail) : [ReplayState.Of(trail, chosen)];
        if (json)
        {
            JsonOutput.Write(writer =>
            {
                if (all)
                {
                    writer.WriteStartArray();
                }

                foreach (var state in states)
                {
                    cancel.ThrowIfCancellationRequested();
                    StateJson.Write(writer, state);
                }

                if (all)
                {
                    writer.WriteEndArray();
                }
            });
            return ExitCode.Done;
        }

        var between = "";
        foreach (var state in states)
        {
            cancel.ThrowIfCancellationRequested();
            Console.Out.Write(between + string.Concat(StateText.Lines(state, StateText.PlainWidth).Select(line => line + "\n")));
            between = "\n";
        }

        return ExitCode.Done;
    }
}
