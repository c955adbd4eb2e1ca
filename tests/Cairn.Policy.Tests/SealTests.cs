using System.Text;
using Cairn.Evidence;
using Cairn.Policy.Bundles;
using CsCheck;

namespace Cairn.Policy.Tests;

public sealed class SealTests
{
    /// <summary>The example of docs/spec/policy-bundle.md §2, written there byte by byte.</summary>
    [Fact]
    public void Sealed_bytes_and_digest_are_those_of_the_specification()
    {
        var files = BundleFiles.Of(new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["z.cedar"] = "permit (principal, action, resource);"u8.ToArray(),
            ["bundle.json"] = "{}\n"u8.ToArray(),
            ["tests/a.json"] = ReadOnlyMemory<byte>.Empty,
        });

        Assert.Equal(
            "cairn-policy v1\nbundle.json 3\n{}\n\ntests/a.json 0\n\nz.cedar 37\npermit (principal, action, resource);\n",
            Encoding.UTF8.GetString(files.Seal().Span));
        Assert.Equal(Digest.Sha256(files.Seal().Span), files.Digest);
        Assert.Equal("bd9778a9cb1203933065e670d02eaa548244987934d38756f382cdf01000dcb7", files.Digest.ToString());
    }

    [Fact]
    public void Law_unsealing_what_was_sealed_gives_the_same_files_and_digest() =>
        Gen.Select(Gen.Char.AlphaNumeric.Array[1, 12].Select(c => new string(c)), Gen.String[0, 200]).List[0, 12].Sample(entries =>
        {
            var files = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal) { ["bundle.json"] = "{}"u8.ToArray() };
            foreach (var (name, text) in entries)
            {
                files[name.Length % 2 == 0 ? $"{name}.cedar" : $"tests/{name}.json"] = Encoding.UTF8.GetBytes(text);
            }

            var whole = BundleFiles.Of(files);
            var again = BundleFiles.Unseal(whole.Seal());
            return again.Digest == whole.Digest
                && again.Files.Keys.SequenceEqual(files.Keys.Order(StringComparer.Ordinal))
                && again.Files.All(f => f.Value.Span.SequenceEqual(files[f.Key].Span));
        });

    [Fact]
    public void Law_every_changed_byte_of_a_sealed_bundle_is_refused_or_another_digest()
    {
        var whole = Bundle.Files("""@id("a") permit (principal, action, resource);""");
        Gen.Select(Gen.Int[0, whole.Seal().Length - 1], Gen.Byte[1, 255]).Sample((at, change) =>
        {
            var bytes = whole.Seal().ToArray();
            bytes[at] ^= change;
            try
            {
                return BundleFiles.Unseal(bytes).Digest != whole.Digest;
            }
            catch (PolicyBundleException)
            {
                return true;
            }
        });
    }

    [Fact]
    public void Law_a_cut_sealed_bundle_is_never_the_same_bundle()
    {
        var whole = Bundle.Files("""@id("a") permit (principal, action, resource);""");
        Gen.Int[0, whole.Seal().Length - 1].Sample(length =>
        {
            try
            {
                return BundleFiles.Unseal(whole.Seal()[..length]).Digest != whole.Digest;
            }
            catch (PolicyBundleException)
            {
                return true;
            }
        });
    }

    [Theory]
    [InlineData("cairn-policy v1\nbundle.json 03\n{}\n\n", "no line with a path and a length")]
    [InlineData("cairn-policy v1\nbundle.json +3\n{}\n\n", "no line with a path and a length")]
    [InlineData("cairn-policy v1\nbundle.json 4\n{}\n\n", "cut")]
    [InlineData("cairn-policy v1\nbundle.json 2147483647\n{}\n\n", "cut")]
    [InlineData("cairn-policy v1\nz.cedar 0\n\nbundle.json 3\n{}\n\n", "not in order")]
    [InlineData("cairn-policy v1\nbundle.json 3\n{}\n\nbundle.json 3\n{}\n\n", "twice")]
    [InlineData("cairn-policy v1\nbundle.json 3\n{}\n\n../x.cedar 0\n\n", "not a file of a bundle")]
    [InlineData("cairn-policy v1\nbundle.json 3\n{}\n\n/etc/x.cedar 0\n\n", "not a file of a bundle")]
    [InlineData("cairn-policy v1\nz.cedar 0\n\n", "expected the file bundle.json")]
    [InlineData("cairn-policy v2\nbundle.json 3\n{}\n\n", "begins with the line")]
    [InlineData("", "begins with the line")]
    public void Sealed_bundle_in_another_than_its_one_form_is_refused(string text, string why) =>
        Assert.Contains(why, Assert.Throws<PolicyBundleException>(() => BundleFiles.Unseal(Encoding.UTF8.GetBytes(text))).Message, StringComparison.Ordinal);

    [Fact]
    public void Bundle_with_invalid_utf8_names_the_file_and_the_offset()
    {
        var problem = Assert.Throws<PolicyBundleException>(() => BundleFiles.Of(new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["bundle.json"] = "{}"u8.ToArray(),
            ["a.cedar"] = new byte[] { (byte)'/', (byte)'/', 0xff },
        }));

        Assert.Equal("a.cedar: not UTF-8: invalid bytes at offset 2", problem.Message);
    }

    [Fact]
    public void Bundle_of_too_many_bytes_is_refused() =>
        Assert.Contains("at most", Assert.Throws<PolicyBundleException>(() => BundleFiles.Of(new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["bundle.json"] = "{}"u8.ToArray(),
            ["a.cedar"] = new byte[BundleFiles.MaxBytes],
        })).Message, StringComparison.Ordinal);

    [Fact]
    public void Folder_gives_the_same_digest_as_its_extracted_seal_and_ignores_what_is_not_of_the_bundle()
    {
        using var one = new TemporaryFolder();
        using var two = new TemporaryFolder();
        one.Bundle("""@id("a") permit (principal, action, resource);""");
        File.WriteAllText(one["README.md"], "about it");

        var files = BundleFiles.FromFolder(one.Path);
        BundleFiles.Unseal(files.Seal()).Extract(two.Path);

        Assert.Equal(["bundle.json", "policies.cedar", "schema.cedarschema"], files.Files.Keys);
        Assert.Equal(files.Digest, BundleFiles.FromFolder(two.Path).Digest);
    }

    [Fact]
    public void Policy_in_a_subfolder_is_refused_rather_than_left_out()
    {
        using var folder = new TemporaryFolder();
        folder.Bundle("");
        Directory.CreateDirectory(folder["more"]);
        File.WriteAllText(folder["more/forbid.cedar"], "");

        Assert.Contains("more/forbid.cedar", Assert.Throws<PolicyBundleException>(() => BundleFiles.FromFolder(folder.Path)).Message, StringComparison.Ordinal);
    }
}
