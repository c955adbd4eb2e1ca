using System.Collections.Immutable;
using System.Text;
using Cairn.Evidence;

namespace Cairn.Policy.Bundles;

/// <summary>
/// The files that make a bundle, byte by byte, and their sealed form: one file whose SHA-256 is the bundle's digest
/// (docs/spec/policy-bundle.md §2). Nothing is known here of what the files mean.
/// </summary>
public sealed class BundleFiles
{
    /// <summary>The manifest's name.</summary>
    public const string Manifest = "bundle.json";

    /// <summary>The schema's name.</summary>
    public const string Schema = "schema.cedarschema";

    /// <summary>The entities' name.</summary>
    public const string Entities = "entities.json";

    /// <summary>The most bytes of a sealed bundle.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>The most files.</summary>
    public const int MaxFiles = 1000;

    private const int LongestPath = 128;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ReadOnlyMemory<byte> _sealed;

    private BundleFiles(ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> files)
    {
        Files = files;
        _sealed = Write(files);
        Digest = Digest.Sha256(_sealed.Span);
    }

    /// <summary>Path in the bundle to content, in the order of the paths' bytes.</summary>
    public ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Files { get; }

    /// <summary>SHA-256 of the sealed form.</summary>
    public Digest Digest { get; }

    /// <summary>The one file that is the bundle.</summary>
    public ReadOnlyMemory<byte> Seal() => _sealed;

    /// <summary>A file's text; null when the bundle has no such file.</summary>
    public string? Text(string path) => Files.TryGetValue(path, out var content) ? Utf8.GetString(content.Span) : null;

    /// <summary>Takes files as they are given.</summary>
    /// <exception cref="PolicyBundleException">A path or a content is not allowed in a bundle, or there are too many.</exception>
    public static BundleFiles Of(IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var sorted = ImmutableSortedDictionary.CreateBuilder<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        long bytes = 0;
        foreach (var (path, content) in files)
        {
            Check(path, content.Span);
            if (!sorted.TryAdd(path, content))
            {
                throw Problem(path, "the bundle has this file twice");
            }

            bytes += content.Length;
            if (sorted.Count > MaxFiles || bytes > MaxBytes)
            {
                throw new PolicyBundleException($"a bundle has at most {MaxFiles} files and {MaxBytes >> 20} MiB, found more");
            }
        }

        if (!sorted.ContainsKey(Manifest))
        {
            throw new PolicyBundleException($"expected the file {Manifest}, found none");
        }

        return new BundleFiles(sorted.ToImmutable());
    }

    /// <summary>
    /// Reads a folder: <c>bundle.json</c>, <c>schema.cedarschema</c>, <c>entities.json</c>, <c>*.cedar</c> and
    /// <c>tests/*.json</c>. Other files, such as a README, are not part of the bundle; policies in other folders are refused.
    /// </summary>
    /// <exception cref="PolicyBundleException">It is no bundle.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static BundleFiles FromFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new PolicyBundleException($"expected a policy bundle's folder at {folder}, found none");
        }

        var files = new List<KeyValuePair<string, ReadOnlyMemory<byte>>>();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
            if (IsPart(name))
            {
                files.Add(new(name, Read(path, name)));
            }
            else if (name.EndsWith(".cedar", StringComparison.Ordinal) && !name.Split('/').Any(s => s.StartsWith('.')))
            {
                throw Problem(name, "policies lie at the top of the bundle's folder; this one would not be used");
            }
        }

        return Of(files);
    }

    /// <summary>Reads a sealed bundle. What is read is sealed to the same bytes again.</summary>
    /// <exception cref="PolicyBundleException">The bytes are not a sealed bundle.</exception>
    public static BundleFiles Unseal(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes + (MaxFiles * (LongestPath + 16)))
        {
            throw new PolicyBundleException($"a sealed bundle has at most {MaxBytes >> 20} MiB, found {bytes.Length} bytes");
        }

        var files = Of(SealedFormat.Read(bytes));
        return files._sealed.Span.SequenceEqual(bytes.Span) ? files : throw new PolicyBundleException("the sealed bundle is not in its one form: its files are not in order");
    }

    /// <summary>Writes the files to a folder that is empty or not there yet.</summary>
    /// <exception cref="IOException">The folder holds something, or can't be written.</exception>
    public void Extract(string folder)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new IOException($"expected {folder} to be empty, found files in it");
        }

        foreach (var (path, content) in Files)
        {
            var target = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, content.Span);
        }
    }

    private static byte[] Write(ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> files) => SealedFormat.Write(files);

    private static ReadOnlyMemory<byte> Read(string path, string name)
    {
        var length = new FileInfo(path).Length;
        return length <= MaxBytes ? File.ReadAllBytes(path) : throw Problem(name, $"a bundle has at most {MaxBytes >> 20} MiB, found a file of {length} bytes");
    }

    private static bool IsPart(string path) =>
        path is Manifest or Schema or Entities || (IsName(path) && path.EndsWith(".cedar", StringComparison.Ordinal))
        || (path.StartsWith("tests/", StringComparison.Ordinal) && IsName(path["tests/".Length..]) && path.EndsWith(".json", StringComparison.Ordinal));

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestPath - 6 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && char.IsAsciiLetterOrDigit(name[0]);

    private static void Check(string path, ReadOnlySpan<byte> content)
    {
        if (!IsPart(path))
        {
            throw Problem(path, $"not a file of a bundle: expected {Manifest}, {Schema}, {Entities}, NAME.cedar or tests/NAME.json, names of letters, digits, '.', '_' and '-'");
        }

        if (content.StartsWith("\uFEFF"u8))
        {
            throw Problem(path, "begins with a byte order mark; expected UTF-8 without one");
        }

        try
        {
            _ = Utf8.GetCharCount(content);
        }
        catch (DecoderFallbackException e)
        {
            throw Problem(path, $"not UTF-8: invalid bytes at offset {e.Index}");
        }
    }

    private static PolicyBundleException Problem(string path, string message) => new([new PolicyProblem(path, 0, 0, message)]);
}
