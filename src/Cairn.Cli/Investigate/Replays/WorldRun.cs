using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Replay;
using Cairn.Trails.Replay.World;

namespace Cairn.Cli.Investigate.Replays;

/// <summary><c>cairn replay --as-mcp</c>: an agent runs again against the recorded world, and what it does otherwise is reported.</summary>
internal static class WorldRun
{
    /// <summary>Serves on standard input and output until the client ends, then reports on standard error and into a file.</summary>
    /// <param name="source">The trail.</param>
    /// <param name="server">The server to stand in for; null: the only one.</param>
    /// <param name="agent">Only calls of this agent; null: of all.</param>
    /// <param name="report">The report's file; null: none.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>1 when anything diverged.</returns>
    public static async Task<int> RunAsync(ReplaySource source, string? server, string? agent, string? report, CancellationToken cancel)
    {
        var world = RecordedWorld.Of(source.Trail, source.Contents, Chosen(source, server), agent);
        if (world.Calls.Count == 0)
        {
            throw new CliException($"the trail has no call of {agent} to {world.Server}", $"cairn show {source.Trail.Trace}");
        }

        using var told = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            told.Cancel();
        }

        // A client ends its server by closing the pipe or by SIGTERM; the report is written either way.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        await using var input = Console.OpenStandardInput();
        await using var output = Console.OpenStandardOutput();
        var replay = new WorldReplay(world);
        Console.Error.WriteLine($"cairn: replaying {world.Server} from trail {source.Trail.Trace}: {world.Calls.Count} recorded calls");
        try
        {
            await ReplayServer.RunAsync(input, output, new WorldServer(world, replay, Console.Error), told.Token);
        }
        catch (OperationCanceledException) when (told.IsCancellationRequested)
        {
            // Ended by the client's signal: what came of the run is reported below.
        }

        var found = replay.Finish();
        if (report is not null)
        {
            await File.WriteAllBytesAsync(report, Encode(source.Trail.Trace.ToString(), found), CancellationToken.None);
        }

        Console.Error.Write(Text(found));
        return found.Divergences.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
    }

    /// <summary>The report for people.</summary>
    public static string Text(WorldReport report)
    {
        var text = new StringBuilder();
        text.AppendLine($"cairn: {report.Made} calls against {report.Recorded} recorded ones of {report.Server}: {report.Answered} answered as recorded");
        text.AppendLine(report.Divergences.Count == 0 ? "cairn: no divergence" : $"cairn: first divergence, at call {report.Divergences[0].Call}: {report.Divergences[0].How}");
        foreach (var divergence in report.Divergences.Skip(1).Take(20))
        {
            text.AppendLine($"cairn:   then: {divergence.How}");
        }

        if (report.Divergences.Count > 21)
        {
            text.AppendLine($"cairn:   and {report.Divergences.Count - 21} more; --report has all");
        }

        foreach (var (what, count) in report.Limits)
        {
            text.AppendLine($"cairn: not replayed: {what}{(count == 1 ? "" : $" ({count} times)")}");
        }

        return text.ToString();
    }

    /// <summary>The report for programs.</summary>
    public static byte[] Encode(string trace, WorldReport report)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("trace", trace);
            json.WriteString("server", report.Server);
            json.WriteNumber("recorded_calls", report.Recorded);
            json.WriteNumber("calls", report.Made);
            json.WriteNumber("answered_as_recorded", report.Answered);
            json.WriteBoolean("diverged", report.Divergences.Count > 0);
            json.WriteStartArray("divergences");
            foreach (var divergence in report.Divergences)
            {
                Write(json, divergence);
            }

            json.WriteEndArray();
            json.WriteStartArray("limits");
            foreach (var (what, count) in report.Limits)
            {
                json.WriteStartObject();
                json.WriteString("what", what);
                json.WriteNumber("times", count);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter json, Divergence divergence)
    {
        json.WriteStartObject();
        json.WriteNumber("call", divergence.Call);
        json.WriteString("kind", divergence.Kind switch
        {
            DivergenceKind.Arguments => "arguments",
            DivergenceKind.Tool => "tool",
            DivergenceKind.Manifest => "manifest",
            DivergenceKind.ExtraCall => "extra_call",
            DivergenceKind.MissingCall => "missing_call",
            _ => "order",
        });
        if (divergence.Step is { } step)
        {
            json.WriteNumber("step", step);
        }

        json.WriteString("expected", divergence.Expected);
        json.WriteString("found", divergence.Found);
        json.WriteString("record", divergence.Record?.ToString());
        json.WriteString("how", divergence.How);
        json.WriteStartArray("differences");
        foreach (var difference in divergence.Differences)
        {
            json.WriteStartObject();
            json.WriteString("pointer", difference.Place);
            json.WriteString("recorded", difference.Recorded);
            json.WriteString("found", difference.Found);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Chosen(ReplaySource source, string? named)
    {
        var servers = RecordedWorld.Servers(source.Trail);
        var listed = string.Join(", ", servers.Select(server => $"{server.Server} ({server.Calls} calls)"));
        return (servers.Count, named) switch
        {
            (0, _) => throw new CliException($"trail {source.Trail.Trace} has no call to an MCP server", $"cairn show {source.Trail.Trace}"),
            (_, not null) => servers.Any(server => server.Server == named) ? named : throw new CliException($"no call to a server {named} is in the trail: it has {listed}"),
            (1, _) => servers[0].Server,
            _ => throw new CliException($"the trail has several servers: {listed}; say which one with --server NAME"),
        };
    }
}
