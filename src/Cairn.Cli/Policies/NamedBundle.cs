using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;
using Cairn.Policy.Storage;

namespace Cairn.Cli.Policies;

/// <summary>A bundle as a command line names it: a folder, a sealed file, the start of a stored bundle's digest, or <c>current</c>.</summary>
/// <param name="Name">As it was named.</param>
/// <param name="Files">Its files.</param>
/// <param name="IsFolder">Whether it is a folder, so that places in it can be opened.</param>
internal sealed record NamedBundle(string Name, BundleFiles Files, bool IsFolder)
{
    public static Argument<string> AnyArgument() => new("bundle") { Description = "A bundle's folder, a sealed bundle, a stored bundle's digest or the start of one, or current", HelpName = "BUNDLE" };

    /// <exception cref="CliException">Nothing is called so.</exception>
    /// <exception cref="PolicyBundleException">It is no bundle.</exception>
    public static NamedBundle Read(string name, string data)
    {
        if (Directory.Exists(name))
        {
            return new NamedBundle(name, BundleFiles.FromFolder(name), true);
        }

        if (File.Exists(name))
        {
            return new NamedBundle(name, BundleFiles.Unseal(File.ReadAllBytes(name)), false);
        }

        var store = PolicyStore.Open(data);
        if (name == "current")
        {
            var current = store.Current() ?? throw new CliException($"{data} has no policy", "cairn policy push DIR");
            return Stored(store, current.Digest.ToString(), data);
        }

        return Stored(store, name.StartsWith("sha256:", StringComparison.Ordinal) ? name[7..] : name, data);
    }

    /// <summary>Checks the bundle; places in its problems can be opened from here.</summary>
    /// <exception cref="PolicyBundleException">It can't be used.</exception>
    public PolicyBundle Load() => PolicyBundle.Load(Files, CedarModule.Shared);

    /// <summary>A problem as it is shown: with the file's path from here.</summary>
    public string Show(PolicyProblem problem) => (problem.IsWarning ? "warning: " : "") + (IsFolder && problem.File.Length > 0 ? problem with { File = Path.Combine(Name, problem.File) } : problem);

    private static NamedBundle Stored(PolicyStore store, string start, string data)
    {
        var found = store.List().Where(s => s.Digest.ToString().StartsWith(start, StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var one] => new NamedBundle($"sha256:{one.Digest}", store.Find(one.Digest) ?? throw new CliException($"sha256:{one.Digest} is gone from {data}"), false),
            [] => throw new CliException($"there is no folder or file {start}, and no stored bundle's digest starts with it in {data}", $"cairn policy list --data {data}"),
            _ => throw new CliException($"{found.Count} stored bundles' digests start with \"{start}\"; give more digits"),
        };
    }
}
