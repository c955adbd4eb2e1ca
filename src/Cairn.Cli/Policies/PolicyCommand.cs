using System.CommandLine;

namespace Cairn.Cli.Policies;

/// <summary><c>cairn policy</c>: write, check, compare and use policy bundles.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Write, check, compare and use policy bundles")
    {
        PolicyCheckCommand.Create(),
        PolicyTestCommand.Create(),
        PolicyDiffCommand.Create(),
        PolicyPushCommand.Create(),
        PolicyListCommand.Create(),
        PolicyShowCommand.Create(),
        PolicyEvalCommand.Create(),
    };
}
