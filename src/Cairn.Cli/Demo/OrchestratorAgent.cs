using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cairn.Cli.Emit;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Cli.Demo;

/// <summary>
/// The first agent: it takes a person's request, reads, delegates the writing, and closes the task. It speaks for itself
/// through the SDK (assurance: reported), while <c>cairn mcp</c> watches its calls (assurance: observed).
/// </summary>
internal static class OrchestratorAgent
{
    private const string Request = "Compare October's invoices with the payments and leave a summary of what is open.";
    private static readonly string[] Scope = ["tool:get-sum", "tool:write_file", "tool:edit_file", "tool:read_text_file"];

    public static async Task RunAsync(DemoScene scene, CancellationToken cancel)
    {
        await using var host = await EmitterHost.EmbeddedAsync(scene.Data, _ => DemoScene.Orchestrator, scene.Owner, cancel);
        var emitter = host.Emitter;
        var (trace, task) = (TraceId.New(), SpanId.New());
        var actor = new Actor(DemoScene.Orchestrator, $"pid:{Environment.ProcessId}", scene.Owner);
        RecordDraft Draft(string kind, SpanId span, SpanId? parent, Action<Utf8JsonWriter> body) => new()
        {
            Kind = kind,
            Trace = trace,
            Span = span,
            Parent = parent,
            Task = task,
            Actor = actor,
            Body = body,
        };

        var id = RecordId.New(DateTimeOffset.UtcNow);
        var (request, contents) = ContentCapture.Hold(CaptureProfile.Redacted, host.Keys, trace, id, "commitment", "text/plain", Encoding.UTF8.GetBytes(Request));
        await emitter.EmitDurableAsync(
            new RecordDraft
            {
                Id = id,
                Kind = RecordKinds.TaskStarted,
                Trace = trace,
                Span = task,
                Task = task,
                Actor = actor,
                Contents = contents,
                Body = json => WriteRequest(json, scene.Owner, request),
            },
            cancel);
        emitter.Emit(Draft(RecordKinds.ContextCaptured, task, null, WriteContext));

        Console.Error.WriteLine("  orchestrator: reads three files at once");
        await using (var files = await scene.FilesAsync(DemoScene.Orchestrator, new TraceParent(trace, task), cancel))
        {
            await files.ListToolsAsync(cancellationToken: cancel);
            await Task.WhenAll(new[] { DemoFiles.Invoices, DemoFiles.Payments, DemoFiles.Note }.Select(name => files.CallToolAsync(
                "read_text_file",
                new Dictionary<string, object?> { ["path"] = Path.Combine(scene.Workspace, name) },
                cancellationToken: cancel).AsTask()));
        }

        Console.Error.WriteLine("  orchestrator: delegates the writing to the writer agent");
        var delegated = SpanId.New();
        var granted = await emitter.EmitDurableAsync(Draft(RecordKinds.DelegationGranted, delegated, task, json => WriteDelegation(json, delegated)), cancel);
        var code = await RunWriterAsync(scene, new TraceParent(trace, delegated), cancel);
        emitter.Emit(Draft(RecordKinds.DelegationEnded, delegated, task, json => WriteDelegationEnd(json, granted, delegated, code == 0 ? "done" : "failed")));

        await host.EndTaskAsync(trace, task, actor, code == 0 ? "done" : "failed", code == 0 ? null : $"the writer ended with exit code {code}", cancel);
        Console.Out.WriteLine(trace);
        if (code != 0)
        {
            throw new CliException($"the demo's writer agent ended with exit code {code}");
        }
    }

    private static void WriteRequest(Utf8JsonWriter json, string owner, HeldCommitment request)
    {
        json.WriteString("principal", $"{Environment.UserName}@{Environment.MachineName}");
        json.WriteString("authenticated", "os-user");
        json.WriteString("channel", "cairn demo");
        json.WriteString("owner", owner);
        request.WriteTo(json, "commitment");
    }

    private static void WriteContext(Utf8JsonWriter json)
    {
        json.WriteString("subject", "agent");
        json.WriteString("name", "demo orchestrator");
        json.WriteString("version", typeof(OrchestratorAgent).Assembly.GetName().Version?.ToString(3));
    }

    private static void WriteDelegation(Utf8JsonWriter json, SpanId child)
    {
        json.WriteString("from", DemoScene.Orchestrator.ToString());
        json.WriteString("to", DemoScene.Writer.ToString());
        json.WriteStartArray("scope");
        foreach (var one in Scope)
        {
            json.WriteStringValue(one);
        }

        json.WriteEndArray();
        json.WriteString("purpose", "write the summary");
        json.WriteString("child_span", child.ToString());
    }

    private static void WriteDelegationEnd(Utf8JsonWriter json, RecordId granted, SpanId child, string reason)
    {
        json.WriteString("granted", granted.ToString());
        json.WriteString("from", DemoScene.Orchestrator.ToString());
        json.WriteString("to", DemoScene.Writer.ToString());
        json.WriteString("reason", reason);
        json.WriteString("child_span", child.ToString());
    }

    private static async Task<int> RunWriterAsync(DemoScene scene, TraceParent caller, CancellationToken cancel)
    {
        var (file, arguments) = scene.Agent("writer");
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false };
        start.Environment["TRACEPARENT"] = caller.ToString();
        using var writer = Process.Start(start) ?? throw new CliException($"could not start {file}");
        await writer.WaitForExitAsync(cancel);
        return writer.ExitCode;
    }
}
