using System.Globalization;
using System.Text;
using Cairn.Policy.Bundles;
using Cairn.Policy.Storage;

namespace Cairn.Policy.Hosting;

/// <summary>Where a host's bundle comes from: a folder, a sealed file, or the store of a data directory.</summary>
internal sealed class BundleSource(string path)
{
    private readonly string _path = Path.GetFullPath(path);

    /// <summary>Reads the bundle, and the mode where the source sets one.</summary>
    /// <exception cref="PolicyBundleException">There is no bundle.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public (BundleFiles Files, PolicyMode? Mode) Read()
    {
        if (File.Exists(_path))
        {
            return (BundleFiles.Unseal(File.ReadAllBytes(_path)), null);
        }

        if (IsFolder || Store is not { } store)
        {
            return (BundleFiles.FromFolder(_path), null);
        }

        var current = store.Current() ?? throw new PolicyBundleException($"{_path} is neither a bundle's folder (no {BundleFiles.Manifest}) nor a data directory with a policy (no policies/current)");
        return (store.Find(current.Digest) ?? throw new PolicyBundleException($"{store.CurrentPath} names sha256:{current.Digest}, which the store does not have"), current.Mode);
    }

    /// <summary>A text that is another when something changed. Names, lengths and times only: it is asked for twice a second.</summary>
    public string Signature()
    {
        try
        {
            if (IsFolder)
            {
                var signature = new StringBuilder();
                foreach (var file in new DirectoryInfo(_path).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(f => f.FullName, StringComparer.Ordinal))
                {
                    signature.Append(Of(file)).Append('\n');
                }

                return signature.ToString();
            }

            return File.Exists(_path) ? Of(new FileInfo(_path)) : Store is { } store && File.Exists(store.CurrentPath) ? File.ReadAllText(store.CurrentPath) : "none";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Something is being replaced; the next look will tell.
            return $"unreadable: {e.Message}";
        }
    }

    private bool IsFolder => File.Exists(Path.Combine(_path, BundleFiles.Manifest));

    private PolicyStore? Store => Directory.Exists(_path) ? PolicyStore.Open(_path) : null;

    private static string Of(FileInfo file) => string.Create(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}");
}
