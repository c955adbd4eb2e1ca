using Cairn.Gateway.Changes;
using Cairn.Gateway.Tasks;

namespace Cairn.Gateway.Commands;

/// <summary>What to run and how to record it.</summary>
public sealed record CommandOptions : TaskOptions
{
    /// <summary>The program, found on PATH as a shell would.</summary>
    public required string Command { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables set for it on top of this process's own; null removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The environment variable in which it finds the credential that its policy grants; null: it has no place for one.</summary>
    public string? CredentialVariable { get; init; }

    /// <summary>Closes what writes into the trail on the command's behalf, before the trail's records are counted; null: nothing does.</summary>
    public Func<ValueTask>? Ending { get; init; }

    /// <summary>The folder it runs in.</summary>
    public string WorkingDirectory { get; init; } = System.IO.Directory.GetCurrentDirectory();

    /// <summary>The folder whose files are compared before and after; null: none.</summary>
    public string? Watch { get; init; }

    /// <summary>Folders that are not looked into, such as Cairn's own data directory.</summary>
    public IReadOnlyList<string> Unwatched { get; init; } = [];

    /// <summary>How far the look at the folder goes.</summary>
    public WatchLimits Limits { get; init; } = new();

    /// <summary>Where the program's stdout goes; null: it has this process's own, and what it writes is not seen.</summary>
    public Stream? Output { get; init; }

    /// <summary>The same for stderr.</summary>
    public Stream? ErrorOutput { get; init; }

    /// <summary>Whether signals to this process are passed on to the program.</summary>
    public bool PassSignals { get; init; }

    /// <summary>
    /// How long output is waited for, in silence, once the program has ended: a child of its own may hold the pipe open.
    /// </summary>
    public TimeSpan DrainGrace { get; init; } = TimeSpan.FromSeconds(1);
}
