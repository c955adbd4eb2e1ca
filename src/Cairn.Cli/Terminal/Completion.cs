using System.CommandLine;

namespace Cairn.Cli.Terminal;

/// <summary><c>cairn completion SHELL</c>: a script for the shell, which asks the program itself through its <c>[suggest]</c> directive.</summary>
internal static class Completion
{
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a completion script: source <(cairn completion bash)") { shell };
        command.SetAction(parsed =>
        {
            Console.Out.Write(Script(parsed.GetRequiredValue(shell)));
            return ExitCode.Done;
        });
        return command;
    }

    private static string Script(string shell) => shell switch
    {
        "bash" => """
            _cairn() {
              local word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
              COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "$word"))
            }
            complete -o default -F _cairn cairn ./cairn

            """,
        "zsh" => """
            #compdef cairn
            _cairn() {
              local -a found
              found=("${(@f)$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
              compadd -- $found
            }
            compdef _cairn cairn

            """,
        _ => """
            complete -c cairn -f -a '(commandline -cp | read -l line; and cairn "[suggest:"(string length -- $line)"]" "$line")'

            """,
    };
}
