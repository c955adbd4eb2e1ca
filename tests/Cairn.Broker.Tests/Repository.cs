namespace Cairn.Broker.Tests;

/// <summary>Where the repository is.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Cairn.slnx.</summary>
    public static string Home { get; } = FindHome();

    private static string FindHome()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Cairn.slnx")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException($"no folder above {AppContext.BaseDirectory} holds Cairn.slnx");
    }
}
