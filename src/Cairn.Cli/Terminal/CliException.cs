namespace Cairn.Cli.Terminal;

/// <summary>Something the user can mend: the message says what was wrong and where, and the next command to try.</summary>
internal sealed class CliException : Exception
{
    public CliException(string message, string? next = null)
        : base(next is null ? message : $"{message}\nTry: {next}")
    {
    }
}
