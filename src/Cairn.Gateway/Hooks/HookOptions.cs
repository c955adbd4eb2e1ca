using Cairn.Gateway.Tasks;

namespace Cairn.Gateway.Hooks;

/// <summary>How hook calls are recorded and answered.</summary>
public sealed record HookOptions : TaskOptions
{
    /// <summary>The folder for what has to be remembered between calls: below it, <c>hooks</c>.</summary>
    public required string State { get; init; }

    /// <summary>Whose hooks; null: found out from what they send.</summary>
    public HookFormat? Format { get; init; }

    /// <summary>
    /// True: what needs approval waits for a human at the desk. False: the agent is told to ask, and the answer is between
    /// the agent and its user: Cairn neither authenticates nor records it.
    /// </summary>
    public bool WaitsForApproval { get; init; }

    /// <summary>The longest wait for an approval. Agents end a hook that takes too long, and then use the tool all the same.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>Whether what a policy allows is used without the agent asking its own user; else Cairn only ever takes permissions away.</summary>
    public bool Grants { get; init; }
}
