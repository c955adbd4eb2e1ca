namespace Cairn.Gateway.Replay;

/// <summary>A request that a client makes of a replayed server.</summary>
/// <param name="Method">The JSON-RPC method.</param>
/// <param name="Name">The text of <c>params.name</c>; null where there is none.</param>
/// <param name="Parameters">The bytes of <c>params</c>; empty when there are none.</param>
/// <param name="Arguments">The bytes of <c>params.arguments</c>; empty when there are none.</param>
public readonly record struct ReplayRequest(string Method, string? Name, ReadOnlyMemory<byte> Parameters, ReadOnlyMemory<byte> Arguments);

/// <summary>What a replayed server answers.</summary>
public abstract record ReplayAnswer
{
    private ReplayAnswer()
    {
    }

    /// <summary>A result.</summary>
    /// <param name="Json">The result, UTF-8 JSON.</param>
    public sealed record Result(ReadOnlyMemory<byte> Json) : ReplayAnswer;

    /// <summary>A JSON-RPC error.</summary>
    /// <param name="Json">The error object, UTF-8 JSON.</param>
    public sealed record Error(ReadOnlyMemory<byte> Json) : ReplayAnswer;

    /// <summary>A refusal as the gateway makes them: for a tool call a result that says so to the model, else an error (docs/decisions/0047).</summary>
    /// <param name="Code">The stable code.</param>
    /// <param name="Text">What is refused and why.</param>
    /// <param name="Action">Id of the recorded request; null: there is none.</param>
    public sealed record Refusal(string Code, string Text, string? Action) : ReplayAnswer;
}

/// <summary>Answers requests from evidence.</summary>
public interface IReplayedServer
{
    /// <summary>The revision that is spoken; null before it is known.</summary>
    string? Protocol { get; }

    /// <summary>Answers a request. Called for one at a time, in the order in which they come.</summary>
    ReplayAnswer Answer(ReplayRequest request);
}
