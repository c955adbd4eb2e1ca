namespace Cairn.Gateway.Tests.Harness;

/// <summary>Where the repository's own test material lies.</summary>
internal static class TestPaths
{
    public static string Root { get; } = FindRoot();

    public static string Puppet { get; } = Path.Combine(Root, "tests", "Cairn.Gateway.Tests", "servers", "puppet.mjs");

    /// <summary>A file of an npm package that the tests use.</summary>
    public static string NodeModule(string path)
    {
        var file = Path.Combine(Root, "tests", "npm", "node_modules", path);
        return File.Exists(file) ? file : throw new FileNotFoundException($"{file} is missing: run npm ci --prefix tests/npm");
    }

    /// <summary>A new folder of a test's own.</summary>
    public static string Scratch() => Directory.CreateTempSubdirectory("cairn-gateway-").FullName;

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Cairn.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"no Cairn.slnx above {AppContext.BaseDirectory}");
    }
}
