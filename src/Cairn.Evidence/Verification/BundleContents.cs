using Cairn.Evidence.Bundles;

namespace Cairn.Evidence.Verification;

/// <summary>An opened bundle: its manifest checked against its zip, its files ready to be read once each, forward.</summary>
internal sealed class BundleContents : IDisposable
{
    private readonly Dictionary<string, ZipFileStream> _files;

    private BundleContents(BundleManifest manifest, Dictionary<string, ZipFileStream> files) => (Manifest, _files) = (manifest, files);

    public BundleManifest Manifest { get; }

    public bool HasContent => _files.ContainsKey(BundleFiles.Content);

    public bool HasAnchors => _files.ContainsKey(BundleFiles.Anchors);

    public bool HasTrust => _files.ContainsKey(BundleFiles.Trust);

    public bool HasKeys => _files.ContainsKey(BundleFiles.Keys);

    public bool Has(string name) => _files.ContainsKey(name);

    public ZipFileStream this[string name] => _files[name];

    /// <exception cref="BundleFault">The zip or the manifest is not a bundle's.</exception>
    public static BundleContents Open(Stream zip, VerifyOptions options)
    {
        var entries = ZipDirectory.Read(zip, options.MaxBytes);
        var files = entries.ToDictionary(entry => entry.Name, entry => new ZipFileStream(zip, entry));
        var bytes = ReadSmall(files[BundleFiles.Manifest], BundleFiles.Manifest, 1 << 20);
        BundleManifest manifest;
        try
        {
            manifest = BundleManifest.Parse(bytes);
        }
        catch (EvidenceFormatException error)
        {
            throw BundleFault.File(ReasonCodes.ManifestMalformed, BundleFiles.Manifest, "a manifest", error.Message, error);
        }

        if (files[BundleFiles.Manifest].Finish(Digest.Sha256(bytes)) is { } fault)
        {
            throw fault;
        }

        var listed = manifest.Files.Select(file => file.Name).ToList();
        var present = entries.Select(entry => entry.Name).Where(name => name != BundleFiles.Manifest).ToList();
        if (!listed.SequenceEqual(present))
        {
            throw BundleFault.File(ReasonCodes.ManifestMismatch, BundleFiles.Manifest, $"the files {string.Join(", ", present)}", string.Join(", ", listed.Select(Hex.Excerpt)));
        }

        foreach (var (file, entry) in manifest.Files.Zip(entries.Skip(1)))
        {
            if (file.Bytes != entry.Bytes)
            {
                throw BundleFault.File(ReasonCodes.ManifestMismatch, file.Name, $"{file.Bytes} bytes, which the manifest lists", $"{entry.Bytes}");
            }
        }

        return new BundleContents(manifest, files);
    }

    /// <summary>Reads a whole file that is small by nature.</summary>
    public byte[] ReadWhole(string name, int most) => ReadSmall(_files[name], name, most);

    /// <summary>A file's SHA-256 as the manifest lists it; <see cref="Finish"/> compares it with the file.</summary>
    public Digest DigestOf(string name, int most) => _files[name].Length <= most
        ? Manifest.Files.First(file => file.Name == name).Sha256
        : throw BundleFault.File(ReasonCodes.FileTooLarge, name, $"at most {most} bytes", $"{_files[name].Length}");

    /// <summary>Reads what is left of a file and compares it with the manifest.</summary>
    public BundleFault? Finish(string name) => _files[name].Finish(Manifest.Files.First(file => file.Name == name).Sha256);

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    private static byte[] ReadSmall(ZipFileStream file, string name, int most)
    {
        if (file.Length > most)
        {
            throw BundleFault.File(ReasonCodes.FileTooLarge, name, $"at most {most} bytes", $"{file.Length}");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
