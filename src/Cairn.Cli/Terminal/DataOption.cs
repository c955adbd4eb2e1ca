using System.CommandLine;

namespace Cairn.Cli.Terminal;

/// <summary>The <c>--data</c> option and its defaults.</summary>
internal static class DataOption
{
    public static Option<string?> Create() => new("--data", "-d")
    {
        Description = "Cairn's data directory",
        HelpName = "DIR",
    };

    /// <summary>The directory given, else CAIRN_DATA, else $XDG_DATA_HOME/cairn, else ~/.local/share/cairn; absolute.</summary>
    public static string Resolve(string? given)
    {
        var set = Environment.GetEnvironmentVariable("CAIRN_DATA");
        return Path.GetFullPath(given ?? (string.IsNullOrEmpty(set) ? Path.Combine(UserFolder("XDG_DATA_HOME", ".local/share"), "cairn") : set));
    }

    /// <summary>Where an emitter without a data directory keeps its spool and identity: $XDG_STATE_HOME/cairn, else ~/.local/state/cairn.</summary>
    public static string State() => Path.GetFullPath(Path.Combine(UserFolder("XDG_STATE_HOME", ".local/state"), "cairn"));

    private static string UserFolder(string variable, string otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder && Path.IsPathRooted(folder)
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), otherwise);
}
