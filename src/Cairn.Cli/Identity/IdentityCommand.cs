using System.CommandLine;

namespace Cairn.Cli.Identity;

/// <summary><c>cairn identity …</c>: who an emitter is, and who says so.</summary>
internal static class IdentityCommand
{
    public static Command Create() => new("identity", "Identities of emitters: serve a SPIFFE Workload API, register processes, change the authority's key")
    {
        IdentityShowCommand.Create(),
        IdentityServeCommand.Create(),
        EntryCommand.Create(),
        TokenCommand.Create(),
        RotateCommand.Create(),
        RetireCommand.Create(),
        RevokeCommand.Create(),
        FederateCommand.Create(),
    };
}
