using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Admission;

/// <summary>The messages that the pipeline is asked about and that are neither passed nor refused yet. Under the conversation's lock.</summary>
internal sealed class AdmissionBook(GatewayOptions options, ActionRecorder actions, ActionDescriber describer)
{
    private readonly HashSet<MessageAdmission> _open = [];
    private string? _ending;

    /// <summary>Those that stepped aside.</summary>
    public WaitingRoom Room { get; } = new(options.MaxWaiting, options.MaxBytesUnderWay);

    /// <summary>Opens the admission of a request that is an action.</summary>
    /// <param name="direction">Which way it goes.</param>
    /// <param name="method">What its method does.</param>
    /// <param name="request">The request.</param>
    /// <param name="line">Its line.</param>
    /// <param name="part">The part of a trail it belongs to.</param>
    /// <param name="caller">The caller's position in its trace; null when it names none.</param>
    /// <param name="continues">The earlier request that it repeats.</param>
    public MessageAdmission OfRequest(
        Direction direction, ActionMethod method, McpMessage request, ReadOnlyMemory<byte> line, TrailPart part, TraceParent? caller, RecordId? continues)
    {
        var meta = MetaMembers.Of(request, line.Span);
        var start = describer.Describe(method, direction, request, line, part, caller) with
        {
            Continues = continues,
            TakesCredential = direction == Direction.ClientToServer && meta.HasPlace,
        };
        if (request["params.arguments"] is null && meta[options.CredentialMember] is not null)
        {
            // The whole of params is the input, and a secret of the client's own would stand in it.
            start = start with { Input = WithoutCredential(request, line, meta) };
        }

        return Open(new MessageAdmission
        {
            Message = request,
            Id = request.Id!.Value,
            Method = request.Method!,
            Actions = [actions.Open(start, keepsInput: true)],
            ShowsToolResult = direction == Direction.ClientToServer && request.Method == McpMethods.ToolsCall && !request.Has("params.task"),
            Meta = direction == Direction.ClientToServer ? meta : null,
            PassesTrace = method.Splices,
            TraceFlags = caller?.Flags ?? 1,
            ProgressToken = meta["progressToken"] is { } token ? token.In(line).ToArray() : null,
        });
    }

    /// <summary>Opens the admission of an answer that asks its receiver for input.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="method">The method of the request that it answers.</param>
    /// <param name="isToolCall">The receiver may be shown a tool's result in its place.</param>
    /// <param name="inputs">What it asks for.</param>
    public MessageAdmission OfAnswer(McpMessage answer, string method, bool isToolCall, IReadOnlyList<OpenAction> inputs) => Open(new MessageAdmission
    {
        Message = answer,
        Id = answer.Id!.Value,
        Method = method,
        Actions = inputs,
        ShowsToolResult = isToolCall,
    });

    /// <summary>Opens the admission of a request that is refused without asking.</summary>
    public MessageAdmission Refused(McpMessage request, ActionRefusal why) => Open(new MessageAdmission
    {
        Message = request,
        Id = request.Id!.Value,
        Method = request.Method!,
        Known = why,
    });

    /// <summary>The splices that keep a client's own value of the credential member from the server; none where it has none.</summary>
    public IReadOnlyList<LineSplice> Strip(McpMessage message, ReadOnlyMemory<byte> line) =>
        message.Has("params._meta") ? MetaMembers.Of(message, line.Span).Splices([], options.CredentialMember) : [];

    /// <summary>Takes back whatever has not passed, now and from now on.</summary>
    public void WithdrawAll(string why)
    {
        _ending ??= why;
        foreach (var admission in _open)
        {
            admission.Withdraw(_ending, byGateway: true);
        }
    }

    /// <summary>Completes when the pipeline has said something about each.</summary>
    public Task SettledAsync() => Task.WhenAll(_open.Select(a => a.Verdict));

    /// <summary>Whether no more may pass.</summary>
    public bool IsEnding => _ending is not null;

    /// <summary>Closes the actions of an admission whose end the pipeline has recorded.</summary>
    public void Close(MessageAdmission admission)
    {
        _open.Remove(admission);
        foreach (var action in admission.Actions)
        {
            ActionRecorder.Close(action);
        }
    }

    /// <summary>Closes those whose end is recorded and not noticed yet: nothing may complete them a second time.</summary>
    public void CloseRecorded()
    {
        foreach (var admission in _open.Where(a => a.Verdict is { IsCompletedSuccessfully: true, Result: not AdmissionVerdict.Admitted }).ToList())
        {
            Close(admission);
        }
    }

    /// <summary>It has passed: from here on its answer tells how it came out.</summary>
    public void Pass(MessageAdmission admission) => _open.Remove(admission);

    private MessageAdmission Open(MessageAdmission admission)
    {
        _open.Add(admission);
        if (_ending is not null)
        {
            admission.Withdraw(_ending, byGateway: true);
        }

        return admission;
    }

    private byte[] WithoutCredential(McpMessage request, ReadOnlyMemory<byte> line, MetaMembers meta)
    {
        var parameters = request["params"]!.Value;
        return LineSplice.Apply(parameters.In(line.Span), meta.Splices([], options.CredentialMember), parameters.Start);
    }
}
