using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Storage;

/// <summary>The bundle that a data directory's gateways decide under.</summary>
/// <param name="Digest">The bundle's digest.</param>
/// <param name="Mode">Whether its decisions bind; null: as the bundle says.</param>
public sealed record CurrentPolicy(Digest Digest, PolicyMode? Mode);

/// <summary>A bundle in the store.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Stored">When it was stored.</param>
/// <param name="Bytes">Length of the sealed file.</param>
public sealed record StoredPolicy(Digest Digest, DateTimeOffset Stored, long Bytes);

/// <summary>
/// The policy bundles of a data directory (docs/spec/data-directory.md §5): each one there ever was, sealed and never
/// changed, and a pointer to the one in use that is replaced whole. No store means no policy.
/// </summary>
public sealed class PolicyStore
{
    private const string Extension = ".cairn-policy";
    private readonly string _folder;

    private PolicyStore(string folder) => _folder = folder;

    /// <summary>The pointer's path.</summary>
    public string CurrentPath => Path.Combine(_folder, "current");

    /// <summary>The store of a data directory. Nothing is made or read yet.</summary>
    public static PolicyStore Open(string dataDirectory) => new(Path.Combine(Path.GetFullPath(dataDirectory), "policies"));

    /// <summary>What is in use; null when there is no policy.</summary>
    /// <exception cref="PolicyBundleException">The pointer is not one.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public CurrentPolicy? Current()
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(CurrentPath);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var bundle = document.RootElement.GetProperty("bundle").GetString() ?? "";
            PolicyMode? mode = !document.RootElement.TryGetProperty("mode", out var named) ? null : named.GetString() switch
            {
                "enforce" => PolicyMode.Enforce,
                "shadow" => PolicyMode.Shadow,
                var other => throw new FormatException($"mode \"{other}\""),
            };
            return new CurrentPolicy(bundle.StartsWith("sha256:", StringComparison.Ordinal) ? Digest.ParseHex(bundle[7..]) : throw new FormatException("no sha256 digest"), mode);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or EvidenceFormatException)
        {
            throw new PolicyBundleException($"{CurrentPath}: expected {{\"bundle\":\"sha256:…\"}} and perhaps a mode, found something else: {e.Message}", e);
        }
    }

    /// <summary>All bundles, oldest first.</summary>
    public IReadOnlyList<StoredPolicy> List() => !Directory.Exists(_folder) ? [] :
    [
        .. from file in new DirectoryInfo(_folder).EnumerateFiles("*" + Extension)
           let name = Path.GetFileNameWithoutExtension(file.Name)
           where IsDigest(name)
           orderby file.LastWriteTimeUtc, name
           select new StoredPolicy(Digest.ParseHex(name), file.LastWriteTimeUtc, file.Length),
    ];

    /// <summary>A bundle's files; null when the store has none of this digest.</summary>
    /// <exception cref="PolicyBundleException">The file is not what its name says.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public BundleFiles? Find(Digest digest)
    {
        var path = PathOf(digest);
        if (!File.Exists(path))
        {
            return null;
        }

        var files = BundleFiles.Unseal(File.ReadAllBytes(path));
        return files.Digest == digest ? files : throw new PolicyBundleException($"{path} has the digest sha256:{files.Digest}: it was altered");
    }

    /// <summary>Keeps a bundle and makes it the one in use; durable when it returns, the bundle before the pointer to it.</summary>
    /// <param name="files">The bundle.</param>
    /// <param name="mode">Whether its decisions bind; null: as the bundle says.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Push(BundleFiles files, PolicyMode? mode)
    {
        ArgumentNullException.ThrowIfNull(files);
        DurableFile.CreateDirectory(_folder);
        if (Find(files.Digest) is null)
        {
            DurableFile.Write(PathOf(files.Digest), files.Seal().Span);
        }

        var suffix = mode is { } set ? $",\"mode\":\"{(set == PolicyMode.Shadow ? "shadow" : "enforce")}\"" : "";
        DurableFile.Write(CurrentPath, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"bundle\":\"sha256:{files.Digest}\"{suffix}}}\n")));
    }

    private string PathOf(Digest digest) => Path.Combine(_folder, digest + Extension);

    private static bool IsDigest(string name) => name.Length == Digest.TextLength && name.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c));
}
