using Cairn.Evidence;

namespace Cairn.Trails.Bundles;

/// <summary>
/// The second verifier, one file for browsers (docs/spec/bundle.md §12), as this program was built with it. The same sources give the
/// same bytes, so that its SHA-256 is the published one.
/// </summary>
public static class VerifierPage
{
    private static readonly Lazy<byte[]> Page = new(() => Resource("verify.html"));
    private static readonly Lazy<Digest> Hash = new(() => Digest.Sha256(Page.Value));

    /// <summary>The file.</summary>
    public static ReadOnlyMemory<byte> Bytes => Page.Value;

    /// <summary>Its SHA-256.</summary>
    public static Digest Sha256 => Hash.Value;

    /// <summary>A file that the build put into this assembly.</summary>
    internal static byte[] Resource(string name)
    {
        using var stream = typeof(VerifierPage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"this build of {typeof(VerifierPage).Assembly.GetName().Name} lacks {name}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
