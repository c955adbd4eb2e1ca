using System.CommandLine;
using Cairn.Cli.Authorize;
using Cairn.Cli.Terminal;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Hooks;

namespace Cairn.Cli.Emit;

/// <summary><c>cairn hook pre|post</c>: what a coding agent calls before and after it uses a tool; <c>install</c> and <c>uninstall</c> its settings.</summary>
internal static class HookCommand
{
    private const int LongestCall = 64 * 1024 * 1024;

    /// <summary>What the agent waits beyond the longest wait for an approval: for the program's start and the evidence.</summary>
    private const int Margin = 15;

    public static Command Create() => new("hook", "Record a coding agent's use of tools, from its hooks")
    {
        Call("pre", "Called by the agent before it uses a tool: the call comes as JSON on stdin, the decision goes to stdout"),
        Call("post", "Called by the agent after it used a tool, and when a turn or a session ends"),
        Install(),
        Uninstall(),
    };

    private static Command Call(string name, string description)
    {
        var (shared, settings, policy) = (new WayInOptions("hook"), new HookSettings(), new PolicyOptions());
        var format = new Option<string?>("--format") { Description = "Whose hooks; by default found out from the call", HelpName = "claude-code|codex|cursor|gemini-cli" };
        format.AcceptOnlyFromAmong("claude-code", "codex", "cursor", "gemini-cli");
        var command = new Command(name, description) { format };
        shared.AddTo(command);
        settings.AddTo(command);
        policy.AddTo(command, givesCredentials: false);
        command.SetAction(async (parsed, cancel) =>
        {
            HookAnswer answer;
            try
            {
                var way = shared.Read(parsed);
                answer = await AnswerAsync(way, () => policy.Read(parsed, way.State), settings.Read(parsed), FormatOf(parsed.GetValue(format)), cancel);
            }
            catch (Exception problem)
            {
                // Fail closed: what could not be recorded is not done. Agents take other exit codes for "go on".
                answer = HookAnswer.Failed(name == "pre", Problem.Explain(problem));
            }

            await Console.Out.WriteAsync(answer.Output);
            if (answer.Message is { } message)
            {
                await Console.Error.WriteLineAsync(message);
            }

            return answer.ExitCode;
        });
        return command;
    }

    private static async Task<HookAnswer> AnswerAsync(WayIn way, Func<PolicyChoice?> choose, (bool Waits, TimeSpan LongestWait, bool Grants) settings, HookFormat? format, CancellationToken cancel)
    {
        await using var stdin = Console.OpenStandardInput();
        var input = await ReadAsync(stdin, cancel);
        var decides = RecordedHook.Decides(input, format);

        // Reported, not observed: the agent's own program calls the hooks, and could leave it.
        await using var host = await way.OpenAsync("agent", sequence: false, cancel);
        using var desk = ApprovalDesk.Open(way.State);
        await using var policy = await WayPolicy.OpenAsync(decides ? choose() : null, watch: false, cancel);
        var options = new HookOptions
        {
            Agent = way.Agent,
            Owner = way.Owner,
            Caller = WayIn.Caller(),
            Ledger = host.Ledger,
            Bundles = policy.Notes,
            State = way.State,
            Format = format,
            WaitsForApproval = settings.Waits,
            LongestWait = settings.LongestWait,
            Grants = settings.Grants,
        };
        return await RecordedHook.RunAsync(options, way.Deciding(desk, policy), host.Emitter, host.Keys, input, Console.Error, cancel);
    }

    private static async Task<byte[]> ReadAsync(Stream stdin, CancellationToken cancel)
    {
        using var input = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await stdin.ReadAsync(buffer, cancel) is var read and > 0)
        {
            if (input.Length + read > LongestCall)
            {
                throw new HookFormatException($"expected a hook call of at most {LongestCall:N0} bytes on stdin, found more");
            }

            input.Write(buffer, 0, read);
        }

        return input.ToArray();
    }

    private static Command Install()
    {
        var (shared, settings, policy) = (new WayInOptions("hook"), new HookSettings(), new PolicyOptions());
        var (agent, project) = (For(), Project());
        var command = new Command("install", "Put the hooks into a coding agent's settings") { agent, project };
        shared.AddTo(command);
        settings.AddTo(command);
        policy.AddTo(command, givesCredentials: false);
        command.SetAction(parsed =>
        {
            // Read once, so that a mistake shows now and not in each call.
            var (way, chosen) = (shared.Read(parsed), settings.Read(parsed));
            _ = policy.Read(parsed, way.State);
            var given = new List<string>();
            foreach (var option in shared.All.Concat(settings.All).Append(policy.Path).Append(policy.Mode))
            {
                if (parsed.GetResult(option) is { Implicit: false })
                {
                    // The agent calls from folders of its own.
                    given.AddRange(
                        option == shared.Data ? [option.Name, way.Data!]
                        : option == policy.Path ? [option.Name, Path.GetFullPath(parsed.GetValue(policy.Path)!)]
                        : WayInOptions.Words(parsed, option));
                }
            }

            var path = ClaudeCodeSettings.PathFor(parsed.GetValue(project));
            var events = ClaudeCodeSettings.Install(
                path, phase => string.Join(' ', new[] { Program(), "hook", phase, "--format", parsed.GetRequiredValue(agent) }.Concat(given).Select(Quoted)),
                (int)chosen.LongestWait.TotalSeconds + Margin);
            Console.WriteLine($"{path}: {string.Join(", ", events)} call {Program()}");
            Console.Error.WriteLine("cairn: sessions that are open already keep their hooks; take them out again with: cairn hook uninstall");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Uninstall()
    {
        var (agent, project) = (For(), Project());
        var command = new Command("uninstall", "Take the hooks out of a coding agent's settings") { agent, project };
        command.SetAction(parsed =>
        {
            var path = ClaudeCodeSettings.PathFor(parsed.GetValue(project));
            var removed = ClaudeCodeSettings.Uninstall(path);
            Console.WriteLine(removed == 0 ? $"{path}: there were none" : $"{path}: {removed} taken out");
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string> For()
    {
        var agent = new Option<string>("--for") { Description = "The coding agent", HelpName = "claude-code", DefaultValueFactory = _ => "claude-code" };
        agent.AcceptOnlyFromAmong("claude-code");
        return agent;
    }

    private static Option<string?> Project() => new("--project") { Description = "A project's settings rather than the user's own", HelpName = "DIR" };

    /// <summary>The program as it is called again later: the folder of a build goes with the next one, the wrapper stays.</summary>
    private static string Program() => Environment.GetEnvironmentVariable("CAIRN_HOME") is { Length: > 0 } home && File.Exists(Path.Combine(home, "cairn"))
        ? Path.Combine(home, "cairn")
        : Environment.ProcessPath ?? "cairn";

    /// <summary>A word as a POSIX shell reads it.</summary>
    private static string Quoted(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "/._-:@+=,".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static HookFormat? FormatOf(string? name) => name switch
    {
        null => null,
        "codex" => HookFormat.Codex,
        "cursor" => HookFormat.Cursor,
        "gemini-cli" => HookFormat.GeminiCli,
        _ => HookFormat.ClaudeCode,
    };

    /// <summary>How calls are decided and answered: the options of a call and of what installs it.</summary>
    private sealed class HookSettings
    {
        private readonly Option<string> _approval = new("--approval") { Description = "What needs approval: the agent asks its user, or the call waits for `cairn approve`", HelpName = "ask|wait", DefaultValueFactory = _ => "ask" };
        private readonly Option<int> _wait = new("--wait") { Description = "How long a call waits for an approval; shorter than the agent waits for the hook", HelpName = "SECONDS", DefaultValueFactory = _ => 50 };
        private readonly Option<bool> _grant = new("--grant") { Description = "What the policy allows is used without the agent asking its user" };

        public HookSettings()
        {
            _approval.AcceptOnlyFromAmong("ask", "wait");
        }

        public IEnumerable<Option> All => [_approval, _wait, _grant];

        public void AddTo(Command command)
        {
            foreach (var option in All)
            {
                command.Options.Add(option);
            }
        }

        public (bool Waits, TimeSpan LongestWait, bool Grants) Read(ParseResult parsed) => parsed.GetValue(_wait) is > 0 and <= 86_400 and var seconds
            ? (parsed.GetValue(_approval) == "wait", TimeSpan.FromSeconds(seconds), parsed.GetValue(_grant))
            : throw new CliException($"--wait takes 1 to 86400 seconds, found {parsed.GetValue(_wait)}", "cairn hook pre --help");
    }
}
