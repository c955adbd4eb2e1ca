using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cairn.Broker;
using Cairn.Cli.Emit;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Cli.Demo;

/// <summary>
/// The first agent: it takes a person's request, reads, delegates the paying, and closes the task. It speaks for itself
/// through the SDK (assurance: reported), while <c>cairn mcp</c> watches its calls (assurance: observed).
/// </summary>
internal static class OrchestratorAgent
{
    private const string Request = "Pay October's open invoices and leave a summary.";

    /// <summary>How long the payer may act: a delegation is for the work at hand.</summary>
    private static readonly TimeSpan PayerTime = TimeSpan.FromMinutes(5);

    /// <summary>Runs the agent.</summary>
    /// <param name="scene">Where it plays.</param>
    /// <param name="position">The trail, and the span of its own task in it.</param>
    /// <param name="grant">The token that shows on whose behalf it acts.</param>
    /// <param name="cancel">Stops it.</param>
    public static async Task RunAsync(DemoScene scene, TraceParent position, string grant, CancellationToken cancel)
    {
        await using var host = await EmitterHost.EmbeddedAsync(scene.Data, _ => DemoScene.Orchestrator, scene.Owner, cancel);
        var (emitter, trace, task) = (host.Emitter, position.Trace, position.Span);
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
        await using (var files = await scene.FilesAsync(DemoScene.Orchestrator, position, cancel))
        {
            await files.ListToolsAsync(cancellationToken: cancel);
            await Task.WhenAll(new[] { DemoFiles.Invoices, DemoFiles.Suppliers, DemoFiles.Note }.Select(name => files.CallToolAsync(
                "read_text_file",
                new Dictionary<string, object?> { ["path"] = Path.Combine(scene.Workspace, name) },
                cancellationToken: cancel).AsTask()));
        }

        Console.Error.WriteLine("  orchestrator: delegates the paying to the payer agent, for five minutes");
        var delegated = SpanId.New();
        var granted = await emitter.EmitDurableAsync(Draft(RecordKinds.DelegationGranted, delegated, task, json => WriteDelegation(json, delegated)), cancel);
        var outcome = await DelegateAsync(scene, new TraceParent(trace, delegated), grant, cancel);
        emitter.Emit(Draft(RecordKinds.DelegationEnded, delegated, task, json => WriteDelegationEnd(json, granted, delegated, outcome is null ? "done" : "failed")));
        await host.EndTaskAsync(trace, task, actor, outcome is null ? "done" : "failed", outcome, cancel);
        if (outcome is not null)
        {
            throw new CliException(outcome);
        }
    }

    /// <summary>Hands a narrower token on, lets the payer work, and takes the token back once it saw what the payer tried.</summary>
    /// <returns>Null, or what went wrong.</returns>
    private static async Task<string?> DelegateAsync(DemoScene scene, TraceParent caller, string grant, CancellationToken cancel)
    {
        await using var broker = await CredentialBroker.OpenAsync(new BrokerOptions { DataPath = scene.Data, Owner = scene.Owner, SweepEvery = null }, cancel);
        var token = await broker.ExchangeAsync(
            new ExchangeRequest
            {
                Client = DemoScene.Orchestrator,
                SubjectToken = grant,
                Audience = [DemoScene.BankAudience],
                Scope = [DemoScene.PaymentScope],
                Ttl = PayerTime,
                MayAct = DemoScene.Payer,
                Context = caller,
                Owner = scene.Owner,
            },
            cancel);
        var (file, arguments) = scene.Agent("payer");
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["TRACEPARENT"] = caller.ToString();
        start.Environment[McpCommand.SubjectToken] = token.Token;
        using var payer = Process.Start(start) ?? throw new CliException($"could not start {file}");
        if (await payer.StandardOutput.ReadLineAsync(cancel) == PayerAgent.Paused)
        {
            Console.Error.WriteLine("  orchestrator: the payer tried to pay somebody unknown; takes its token back");
            await broker.RevokeAsync(token.Entry.Id, "the payer tried to pay a supplier that nobody knows", DemoScene.Orchestrator.ToString(), cancel);
            await payer.StandardInput.WriteLineAsync();
            payer.StandardInput.Close();
        }

        await payer.WaitForExitAsync(cancel);
        if (broker.Inspect(grant) is { } own)
        {
            await broker.RevokeAsync(own.Id, "the task is over", DemoScene.Orchestrator.ToString(), cancel);
        }

        return payer.ExitCode == 0 ? null : $"the demo's payer agent ended with exit code {payer.ExitCode}";
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
        json.WriteString("to", DemoScene.Payer.ToString());
        json.WriteStartArray("scope");
        json.WriteStringValue(DemoScene.PaymentScope);
        json.WriteEndArray();
        json.WriteString("purpose", "pay the invoices");
        json.WriteString("child_span", child.ToString());
    }

    private static void WriteDelegationEnd(Utf8JsonWriter json, RecordId granted, SpanId child, string reason)
    {
        json.WriteString("granted", granted.ToString());
        json.WriteString("from", DemoScene.Orchestrator.ToString());
        json.WriteString("to", DemoScene.Payer.ToString());
        json.WriteString("reason", reason);
        json.WriteString("child_span", child.ToString());
    }
}
