using System.CommandLine;

namespace Cairn.Cli.Drills;

/// <summary><c>cairn drill</c>: attacks on Cairn's own evidence, made for real and shown being caught.</summary>
internal static class DrillCommand
{
    public static Command Create() => new("drill", "Attack the evidence for real, and show it being caught") { ForkDrill.Create(), TamperDrillCommand.Create() };
}
