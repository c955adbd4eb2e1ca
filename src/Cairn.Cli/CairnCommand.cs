using System.CommandLine;
using System.CommandLine.Help;
using Cairn.Cli.Authorize;
using Cairn.Cli.Credentials;
using Cairn.Cli.Demo;
using Cairn.Cli.Drills;
using Cairn.Cli.Emit;
using Cairn.Cli.Erase;
using Cairn.Cli.Identity;
using Cairn.Cli.Investigate;
using Cairn.Cli.Investigate.Blast;
using Cairn.Cli.Investigate.Find;
using Cairn.Cli.Operate;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Cli.Witnessing;

namespace Cairn.Cli;

/// <summary>The command line: every command, and the examples that <c>--help</c> closes with.</summary>
internal static class CairnCommand
{
    private const string Examples = """

        Examples:
          cairn demo                                        see the whole story in a minute
          cairn mcp -- npx -y some-mcp-server               record what an agent does through an MCP server
          cairn exec -- make install                        record a command: output, exit code, files it changed
          cairn hook install --for claude-code              record what a coding agent does with its own tools
          cairn approvals                                   which calls wait for a human; cairn approve ID, cairn deny ID
          cairn proxy -- python agent.py                    record what a program sends over HTTP
          cairn trails                                      what was recorded
          cairn show 4bf92f35                               one trail: who, context, tools, what changed
          cairn explain 4bf92f35                            the same in plain words, each sentence with its records
          cairn check --since 24h --fail-on high            what is wrong
          cairn find --tool pay --decision deny             records by what they tell, over the whole ledger
          cairn find --content contract.pdf                 did this document ever pass through an agent?
          cairn blast credential ID --since 2h              everything downstream of a compromise
          cairn report 4bf92f35 -o report.html              one page for people who are no engineers
          cairn replay 4bf92f35                             step through it; --policy decides anew, --as-mcp runs the agent again
          cairn export 4bf92f35 -o trail.cairn.zip          everything that a stranger needs to verify it
          cairn disclose 4bf92f35 --tool pay -o pay.zip     the same with chosen contents opened, their neighbours closed
          cairn shred 4bf92f35 --reason "request 9"         destroy its content for good; its records still verify
          cairn keys > trust.policy                         whom to trust: hand it over by another way
          cairn verify trail.cairn.zip --trust trust.policy
          cairn witness serve --dir DIR --logs FILE         cosign somebody else's ledger
          cairn monitor URL --policy trust.policy           follow a ledger without trusting it

        Exit codes: 0 verified or done, 1 a check failed, 2 could not run or wrong usage.
        Where --data is not given: $CAIRN_DATA, else $XDG_DATA_HOME/cairn, else ~/.local/share/cairn.
        """;

    /// <summary>How words are read: <c>@NAME</c> is a saved query, not a file of more words.</summary>
    public static ParserConfiguration Parsing { get; } = new() { ResponseFileTokenReplacer = null };

    public static RootCommand Create()
    {
        var root = new RootCommand("Cairn: what did the AI agents do in production, and can you prove it?")
        {
            McpCommand.Create(),
            ExecCommand.Create(),
            HookCommand.Create(),
            ApprovalsCommand.Create(),
            AnswerCommand.Create(approves: true),
            AnswerCommand.Create(approves: false),
            ProxyCommand.Create(),
            GatewayCommand.Create(),
            TrailsCommand.Create(),
            ShowCommand.Create(),
            ExplainCommand.Create(),
            CheckCommand.Create(),
            FindCommand.Create(),
            ReindexCommand.Create(),
            BlastCommand.Create(),
            ReportCommand.Create(),
            ReplayCommand.Create(),
            ExportCommand.Create(),
            DiscloseCommand.Create(),
            VerifyCommand.Create(),
            VerifierCommand.Create(),
            ReceiptCommand.Create(),
            VerifyReceiptCommand.Create(),
            PolicyCommand.Create(),
            KeysCommand.Create(),
            IdentityCommand.Create(),
            TimestampCommand.Create(),
            HoldCommand.Create(),
            ShredCommand.Create(),
            VaultCommand.Create(),
            FsckCommand.Create(),
            DoctorCommand.Create(),
            ServeCommand.Create(),
            LedgerCommand.Create(),
            WitnessCommand.Create(),
            MonitorCommand.Create(),
            VerifyForkCommand.Create(),
            DrillCommand.Create(),
            BrokerCommand.Create(),
            CredentialCommand.Create(),
            DemoCommand.Create(),
            Completion.Create(),
            DemoAgentCommand.Create(),
        };
        if (root.Options.OfType<HelpOption>().SingleOrDefault() is { Action: HelpAction standard } help)
        {
            help.Action = new HelpWithExamples(standard, Examples);
        }

        return root;
    }

    /// <summary>The program's name and the commands typed so far, as the user would type them again.</summary>
    public static IEnumerable<string> PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolPath? at = new(parsed.CommandResult); at is not null; at = at.Parent)
        {
            names.Push(at.Name);
        }

        return names;
    }

    private sealed record SymbolPath(System.CommandLine.Parsing.CommandResult Result)
    {
        public string Name => Result.Command is RootCommand ? "cairn" : Result.Command.Name;

        public SymbolPath? Parent => Result.Parent is System.CommandLine.Parsing.CommandResult parent ? new(parent) : null;
    }

    private sealed class HelpWithExamples(HelpAction standard, string examples) : System.CommandLine.Invocation.SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = standard.Invoke(parseResult);
            if (parseResult.CommandResult.Command is RootCommand)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(examples);
            }

            return code;
        }
    }
}
