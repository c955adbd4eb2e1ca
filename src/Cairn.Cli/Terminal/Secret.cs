using System.Text;

namespace Cairn.Cli.Terminal;

/// <summary>Asks whoever sits at the terminal for a secret, without showing it.</summary>
internal static class Secret
{
    /// <summary>How to ask; null where standard input or error is no terminal, so that no protocol on standard input loses a byte.</summary>
    public static Func<string, string?>? Prompt => Console.IsInputRedirected || Console.IsErrorRedirected ? null : Ask;

    private static string? Ask(string question)
    {
        Console.Error.Write(question);
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length -= typed.Length > 0 ? 1 : 0;
            }
            else if (!char.IsControl(key.KeyChar))
            {
                typed.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return typed.Length > 0 ? typed.ToString() : null;
    }
}
