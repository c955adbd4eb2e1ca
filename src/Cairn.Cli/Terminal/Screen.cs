using Spectre.Console;

namespace Cairn.Cli.Terminal;

/// <summary>Standard output for people: colour where the terminal has it and NO_COLOR is not set, plain text otherwise.</summary>
internal sealed class Screen
{
    private readonly IAnsiConsole _console;

    private Screen(IAnsiConsole console) => _console = console;

    public IAnsiConsole Console => _console;

    public static Screen Create(bool plain = false)
    {
        var colourless = plain || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) || System.Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colourless ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = colourless ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
        if (System.Console.IsOutputRedirected)
        {
            console.Profile.Width = 160;
        }

        return new Screen(console);
    }

    /// <summary>A text without control characters: what agents wrote must not steer the terminal.</summary>
    public static string Plain(string text) => new([.. text.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter)]);

    public void Say(string text) => _console.WriteLine(text);

    public void Chapter(int number, string title)
    {
        _console.WriteLine();
        _console.MarkupLineInterpolated($"[bold]{number}. {title}[/]");
        _console.WriteLine();
    }
}
