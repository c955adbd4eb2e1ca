using Cairn.Evidence.Bundles;

namespace Cairn.Evidence.Drills;

/// <summary>
/// The bytes of a bundle of which nothing is claimed to a verifier that brings its own trust policy: the named list of
/// docs/spec/verification.md §11, found in a given bundle. But for <see cref="Compression"/> they count only where somebody makes
/// manifest and checksums fit; without that each other change of any byte fails.
/// </summary>
internal static class UnclaimedBytes
{
    public const string ExportersPolicy = "the exporter's own trust policy";
    public const string Pages = "pages for people";
    public const string Created = "the time of creation";
    public const string Hints = "hints";
    public const string SpareCertificates = "spare certificates";
    public const string Compression = "compressed data that inflates to the same bytes";

    /// <summary>For each byte of the member the name of what it is; null where something is claimed.</summary>
    public static string?[] Of(string member, byte[] bytes)
    {
        var names = new string?[bytes.Length];
        switch (member)
        {
            case BundleFiles.TrustPolicy:
                Array.Fill(names, ExportersPolicy);
                break;
            case BundleFiles.Report or BundleFiles.Verifier:
                Array.Fill(names, Pages);
                break;
            case BundleFiles.Manifest:
                Mark(names, bytes, "\"created\": \""u8, Created);
                break;
            case BundleFiles.Proofs:
                Mark(names, bytes, "\"hints\":\""u8, Hints);
                break;
            case BundleFiles.Certificates:
                // The leaf is bound by its hash; what comes with it is only used if the leaf's own statement did not bring it.
                Mark(names, bytes, "\",\""u8, SpareCertificates);
                break;
        }

        return names;
    }

    /// <summary>Marks each text value that stands behind <paramref name="before"/>, up to its closing quote.</summary>
    private static void Mark(string?[] names, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> before, string name)
    {
        for (var at = 0; bytes[at..].IndexOf(before) is var next and >= 0;)
        {
            var start = at + next + before.Length;
            var length = bytes[start..].IndexOf((byte)'"');
            names.AsSpan(start, length).Fill(name);
            at = start + length;
        }
    }
}
