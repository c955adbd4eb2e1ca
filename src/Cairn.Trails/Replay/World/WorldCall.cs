using System.Text.Json;

namespace Cairn.Trails.Replay.World;

/// <summary>A request that an agent makes of the replayed server, in the terms in which requests are recorded.</summary>
/// <param name="Method">The JSON-RPC method.</param>
/// <param name="Name">The tool's or prompt's name; null for other methods.</param>
/// <param name="Parameters">The bytes of <c>params</c>; empty when there are none.</param>
/// <param name="Arguments">The bytes of <c>params.arguments</c>; empty when there are none.</param>
public readonly record struct WorldCall(string Method, string? Name, ReadOnlyMemory<byte> Parameters, ReadOnlyMemory<byte> Arguments)
{
    /// <summary>What the gateway commits to as the action's input: the arguments, or all parameters where there are none.</summary>
    public ReadOnlyMemory<byte> Input => Arguments.IsEmpty ? Parameters : Arguments;

    /// <summary>The call in a few words.</summary>
    public string Title => Name is null ? Method : $"{Method} {Name}";

    /// <summary>The JSON that two calls are compared by. Without arguments, <c>_meta</c> does not count: it tells of the transport, not of the act.</summary>
    internal JsonElement Compared => JsonPointers.Parse(Input, withoutMeta: Arguments.IsEmpty);
}
