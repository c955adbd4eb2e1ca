using System.Text.Json;
using Cairn.Gateway.Replay;
using Cairn.Trails.Replay.World;

namespace Cairn.Cli.Investigate.Replays;

/// <summary>A recorded world as an MCP server: the handshake and the manifest as recorded, calls by what was answered then.</summary>
internal sealed class WorldServer(RecordedWorld world, WorldReplay replay, TextWriter log) : IReplayedServer
{
    private const string Divergence = "replay_divergence";
    private const string NotRecorded = "replay_not_recorded";
    private static readonly HashSet<string> Acknowledged = ["ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"];
    private static readonly HashSet<string> Unrecorded = ["resources/list", "resources/templates/list", "prompts/list", "completion/complete", "tasks/get", "tasks/result", "tasks/cancel", "tasks/list", "tasks/update", "subscriptions/listen"];

    public string? Protocol => world.Identity.Protocol;

    public ReplayAnswer Answer(ReplayRequest request)
    {
        switch (request.Method)
        {
            case "initialize":
                return Result(json => Introduce(json, request));
            case "server/discover" when world.Introduction is { ValueKind: JsonValueKind.Object } introduction && introduction.TryGetProperty("supportedVersions", out _):
                return Result(introduction.WriteTo);
            case "server/discover" when string.CompareOrdinal(Protocol, "2026-07-28") < 0:
                // A server of an older revision does not know the method: a client that asks goes on to initialize.
                return new ReplayAnswer.Error("{\"code\":-32601,\"message\":\"Method not found\"}"u8.ToArray());
            case "tools/list":
                return Result(ListTools);
            case var method when Acknowledged.Contains(method):
                return new ReplayAnswer.Result("{}"u8.ToArray());
            case var method when Unrecorded.Contains(method) || method == "server/discover":
                replay.Note($"{method} was asked for: its answers are not recorded");
                return new ReplayAnswer.Refusal(NotRecorded, $"{method} has no recorded answer: gateways record what acts, and the tools that were listed.", null);
            default:
                return Call(request);
        }
    }

    private ReplayAnswer Call(ReplayRequest request)
    {
        var (recorded, divergence) = replay.Take(new WorldCall(request.Method, request.Method is "tools/call" or "prompts/get" ? request.Name : null, request.Parameters, request.Arguments));
        if (recorded is null)
        {
            log.WriteLine($"cairn: divergence: {divergence!.How}");
            return new ReplayAnswer.Refusal(Divergence, $"This is a replay of recorded trail evidence, and this call was never recorded: {divergence.How}.", null);
        }

        var answer = recorded.Answer;
        return answer.Kind switch
        {
            RecordedAnswerKind.Result => new ReplayAnswer.Result(answer.Bytes),
            RecordedAnswerKind.Error => new ReplayAnswer.Error(answer.Bytes),
            RecordedAnswerKind.Refusal => new ReplayAnswer.Refusal(answer.Code, $"{request.Method} was refused: {answer.Text}. It was not passed on.", recorded.Action.Request.ToString()),
            RecordedAnswerKind.NotKept => new ReplayAnswer.Refusal(
                NotRecorded, $"{recorded.Title} is recorded call {recorded.Step}, and came out {answer.Code}, but what it answered can't be given: {answer.Text}.", recorded.Action.Request.ToString()),
            _ => Unanswered(recorded),
        };
    }

    private static ReplayAnswer.Error Unanswered(RecordedCall recorded) => new(Encode(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("code", recorded.Answer.Code == "server_ended" ? -31002 : -31007);
        json.WriteString("message", $"recorded call {recorded.Step} got no answer: {recorded.Answer.Text}");
        json.WriteEndObject();
    }));

    private void Introduce(Utf8JsonWriter json, ReplayRequest request)
    {
        if (world.Introduction is { ValueKind: JsonValueKind.Object } introduction && introduction.TryGetProperty("protocolVersion", out _))
        {
            introduction.WriteTo(json);
            return;
        }

        replay.Note("what the server said of itself was not kept: it is introduced by name and version");
        json.WriteStartObject();
        json.WriteString("protocolVersion", world.Identity.Protocol ?? AskedVersion(request) ?? "2025-11-25");
        json.WriteStartObject("capabilities");
        foreach (var (method, capability) in new[] { ("tools/call", "tools"), ("resources/read", "resources"), ("prompts/get", "prompts") })
        {
            if (method == "tools/call" || world.Calls.Any(call => call.Method == method))
            {
                json.WriteStartObject(capability);
                json.WriteEndObject();
            }
        }

        json.WriteEndObject();
        json.WriteStartObject("serverInfo");
        json.WriteString("name", world.Identity.Name ?? world.Server);
        json.WriteString("version", world.Identity.Version ?? "unknown");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string? AskedVersion(ReplayRequest request) =>
        !request.Parameters.IsEmpty && JsonElement.Parse(request.Parameters.Span) is { ValueKind: JsonValueKind.Object } parameters
        && parameters.TryGetProperty("protocolVersion", out var version) && version.ValueKind == JsonValueKind.String ? version.GetString() : null;

    private void ListTools(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (string.CompareOrdinal(Protocol, "2026-07-28") >= 0)
        {
            json.WriteString("resultType", "complete");
        }

        json.WriteStartArray("tools");
        var manifest = replay.Manifest;
        if (manifest is null)
        {
            replay.Note("no tool manifest was recorded: an empty one is offered");
        }
        else if (manifest.Definitions.Count > 0)
        {
            if (manifest.WhyNot is { } why)
            {
                replay.Note($"the manifest offered is not the recorded one to the byte: {why}");
            }

            foreach (var tool in manifest.Definitions.SelectMany(definitions => definitions.EnumerateArray()))
            {
                // As it stood: its bytes are what the recorded digest is of.
                json.WriteRawValue(tool.GetRawText());
            }
        }
        else
        {
            replay.Note($"the manifest is offered by its tools' names alone: {manifest.WhyNot}");
            foreach (var tool in manifest.Tools)
            {
                json.WriteStartObject();
                json.WriteString("name", tool.Name);
                json.WriteString("description", $"Its definition was not kept; its digest is {tool.Digest}.");
                json.WriteStartObject("inputSchema");
                json.WriteString("type", "object");
                json.WriteEndObject();
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ReplayAnswer.Result Result(Action<Utf8JsonWriter> content) => new(Encode(content));

    private static byte[] Encode(Action<Utf8JsonWriter> content)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            content(json);
        }

        return buffer.ToArray();
    }
}
