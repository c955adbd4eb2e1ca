namespace Cairn.Cli.Terminal;

/// <summary>What the program's exit code says.</summary>
internal static class ExitCode
{
    /// <summary>Verified, or done.</summary>
    public const int Done = 0;

    /// <summary>A check failed.</summary>
    public const int CheckFailed = 1;

    /// <summary>Wrong usage, or it could not run.</summary>
    public const int CouldNotRun = 2;
}
