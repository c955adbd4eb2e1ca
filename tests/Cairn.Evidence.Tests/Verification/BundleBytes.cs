using System.IO.Compression;
using System.Text;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>Takes bundles apart with an ordinary unzip and puts them together again, as a forger would.</summary>
internal static class BundleBytes
{
    public static VerificationReport Verify(byte[] bundle, TrustPolicy? policy) => BundleVerifier.Verify(new MemoryStream(bundle), policy);

    public static Dictionary<string, byte[]> Files(byte[] bundle)
    {
        using var zip = new ZipArchive(new MemoryStream(bundle));
        return zip.Entries.ToDictionary(entry => entry.Name, entry =>
        {
            using var stream = entry.Open();
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return copy.ToArray();
        });
    }

    /// <summary>A zip of these files; the manifest is made to fit them unless it is to stay as it is.</summary>
    public static byte[] Zip(Dictionary<string, byte[]> files, bool fitManifest = true)
    {
        if (fitManifest)
        {
            var manifest = BundleManifest.Parse(files[BundleFiles.Manifest]);
            files[BundleFiles.Manifest] = (manifest with
            {
                Files = [.. manifest.Files.Select(file => new BundleFile(file.Name, files[file.Name].Length, Digest.Sha256(files[file.Name])))],
            }).Encode();
        }

        using var output = new MemoryStream();
        var zip = new ZipWriter(output);
        foreach (var (name, bytes) in files)
        {
            zip.Add(name, new MemoryStream(bytes));
        }

        zip.Finish();
        return output.ToArray();
    }

    /// <summary>Edits a file's text and makes the manifest fit.</summary>
    public static byte[] Edit(byte[] bundle, string name, Func<string, string> edit, bool fitManifest = true)
    {
        var files = Files(bundle);
        files[name] = Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(files[name])));
        return Zip(files, fitManifest);
    }

    public static byte[] EditLines(byte[] bundle, string name, Action<List<string>> edit) => Edit(bundle, name, text =>
    {
        var lines = text.Split('\n')[..^1].ToList();
        edit(lines);
        return string.Concat(lines.Select(line => line + "\n"));
    });

    public static string[] Codes(Verdict verdict) => [.. verdict.Failures.Select(failure => failure.Code).Distinct()];
}
