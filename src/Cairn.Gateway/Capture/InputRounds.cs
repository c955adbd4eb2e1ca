using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>
/// Multi Round-Trip Requests (MCP 2026-07-28): a result asks for input, and the client repeats its request with the
/// input. What is asked of the client (sampling, elicitation) is an action begun by the result and completed by the
/// repeated request, which is linked to the first. Under the conversation's lock.
/// </summary>
internal sealed class InputRounds(ActionRecorder actions, ActionDescriber describer)
{
    private const int MostRounds = 4096;
    private const int MostRequests = 64;

    private readonly Dictionary<Digest, Round> _rounds = [];

    /// <summary>Takes a result that asks for input.</summary>
    /// <param name="original">The action whose result it is.</param>
    /// <param name="answer">The result's message.</param>
    /// <param name="found">What its line turned out to need so far.</param>
    /// <param name="begin">Begins an action that must be recorded, and permitted where a policy decides, before the client may act on the result.</param>
    public void Begin(OpenAction original, McpMessage answer, LineFindings found, Func<ActionStart, LineFindings, OpenAction> begin)
    {
        var line = found.Line;
        if (_rounds.Count >= MostRounds)
        {
            return;
        }

        var inputs = new Dictionary<string, OpenAction>(StringComparer.Ordinal);
        foreach (var (key, request) in Members(answer["result.inputRequests"], line))
        {
            if (MethodOf(request) is { } name && McpMethods.ActionOf(name, Direction.ServerToClient) is { } method)
            {
                var parameters = request.TryGetProperty("params", out var given) ? JsonMarshal.GetRawUtf8Value(given).ToArray() : [];
                inputs[key] = begin(describer.DescribeInput(method, name, parameters, original), found);
            }
        }

        _rounds[KeyOf(answer["result.requestState"], answer["result.inputRequests"], line)] = new Round(original.Requested, inputs);
    }

    /// <summary>Takes a request that may be the repetition of an earlier one: completes what was asked of the client.</summary>
    /// <returns>The earlier request's record; null when it is no repetition.</returns>
    public RecordId? Continue(McpMessage request, ReadOnlyMemory<byte> line)
    {
        var (state, responses) = (request["params.requestState"], request["params.inputResponses"]);
        if ((state is null && responses is null) || !_rounds.Remove(KeyOf(state, responses, line), out var round))
        {
            return null;
        }

        var given = Members(responses, line).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal);
        foreach (var (key, action) in round.Inputs.Where(i => !i.Value.IsCompleted))
        {
            if (given.TryGetValue(key, out var response))
            {
                var bytes = JsonMarshal.GetRawUtf8Value(response).ToArray();
                actions.Complete(action, new ActionOutcome(ActionStatus.Ok, Output: new ValueSpan(0, bytes.Length, JsonTokenType.StartObject)), bytes);
            }
            else
            {
                actions.Complete(action, new ActionOutcome(ActionStatus.Cancelled, "not_answered", "the client repeated its request without this input"), default);
            }
        }

        return round.Requested;
    }

    /// <summary>Completes what the client was asked for and never gave.</summary>
    public void End()
    {
        foreach (var action in _rounds.Values.SelectMany(r => r.Inputs.Values).Where(a => !a.IsCompleted))
        {
            actions.Complete(action, new ActionOutcome(ActionStatus.Lost, "not_answered", "the client did not repeat its request"), default);
        }

        _rounds.Clear();
    }

    /// <summary>The client echoes the state exactly; where there is none, the names of the inputs are all that links the two.</summary>
    private static Digest KeyOf(ValueSpan? state, ValueSpan? inputs, ReadOnlyMemory<byte> line)
    {
        if (state is { } echoed)
        {
            var reader = new Utf8JsonReader(echoed.In(line).Span);
            return Digest.Sha256(reader.Read() && JsonText.TryGet(ref reader, out var text) ? Encoding.UTF8.GetBytes("s" + text) : echoed.In(line).Span);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (key, _) in Members(inputs, line).OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes("k" + key + "\0"));
        }

        return new Digest(hash.GetHashAndReset());
    }

    private static List<(string Key, JsonElement Value)> Members(ValueSpan? value, ReadOnlyMemory<byte> line)
    {
        if (value is not { Type: JsonTokenType.StartObject } span)
        {
            return [];
        }

        using var document = JsonDocument.Parse(span.In(line), new JsonDocumentOptions { MaxDepth = MessageScanner.MaxDepth });
        try
        {
            return [.. document.RootElement.EnumerateObject().Take(MostRequests).DistinctBy(p => p.Name).Select(p => (p.Name, p.Value.Clone()))];
        }
        catch (InvalidOperationException)
        {
            // A name with half a surrogate pair: nothing that the other side could echo.
            return [];
        }
    }

    private static string? MethodOf(JsonElement request)
    {
        try
        {
            return request.ValueKind == JsonValueKind.Object && request.TryGetProperty("method", out var method) && method.ValueKind == JsonValueKind.String
                ? method.GetString()
                : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: no method that a client could know.
            return null;
        }
    }

    private sealed record Round(RecordId Requested, IReadOnlyDictionary<string, OpenAction> Inputs);
}
