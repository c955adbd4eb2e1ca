using System.IO.Compression;
using System.Text;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Verification;
using static Cairn.Evidence.Tests.Verification.BundleBytes;

namespace Cairn.Evidence.Tests.Verification;

public sealed class ZipTests
{
    [Fact]
    public void Zip_cut_anywhere_is_called_truncated()
    {
        using var ledger = TestLedger.Story(1);
        var bundle = ledger.Bundle();

        Assert.All([0, 1, 21, bundle.Length / 2, bundle.Length - 30, bundle.Length - 1], length =>
            Assert.Equal([ReasonCodes.ZipTruncated], Codes(Verify(bundle[..length], ledger.Policy).Integrity)));
        Assert.Equal([ReasonCodes.ZipMalformed], Codes(Verify([.. bundle, 0], ledger.Policy).Integrity));
    }

    [Theory]
    [InlineData("../checkpoint", ReasonCodes.ZipPath)]
    [InlineData("/etc/passwd", ReasonCodes.ZipPath)]
    [InlineData("a\\b", ReasonCodes.ZipPath)]
    [InlineData("C:x", ReasonCodes.ZipPath)]
    [InlineData("check\npoint", ReasonCodes.ZipPath)]
    [InlineData("content", ReasonCodes.ZipUnknownEntry)]
    [InlineData("checkpoint", ReasonCodes.ZipDuplicateEntry)]
    [InlineData("CHECKPOINT", ReasonCodes.ZipDuplicateEntry)]
    public void Zip_with_one_more_file_of_a_bad_name_is_refused(string name, string code)
    {
        using var ledger = TestLedger.Story(1);
        using var output = new MemoryStream();
        var zip = new ZipWriter(output);
        foreach (var (file, bytes) in Files(ledger.Bundle()))
        {
            zip.Add(file, new MemoryStream(bytes));
        }

        zip.Add(name, new MemoryStream([1]));
        zip.Finish();

        Assert.Equal([code], Codes(Verify(output.ToArray(), ledger.Policy).Integrity));
    }

    [Fact]
    public void Zip_may_hold_the_verifier_for_browsers_and_its_digest_is_compared()
    {
        using var ledger = TestLedger.Story(1);
        var files = Files(ledger.Bundle());
        var page = "<!doctype html>"u8.ToArray();
        files[BundleFiles.Verifier] = page;
        var manifest = BundleManifest.Parse(files[BundleFiles.Manifest]);
        files[BundleFiles.Manifest] = (manifest with { Files = [.. manifest.Files, new BundleFile(BundleFiles.Verifier, page.Length, Digest.Sha256(page))] }).Encode();

        Assert.True(Verify(Zip(files, fitManifest: false), ledger.Policy).Verified);

        files[BundleFiles.Verifier] = "<!doctype HTML>"u8.ToArray();
        Assert.Equal([ReasonCodes.FileDigest], Codes(Verify(Zip(files, fitManifest: false), ledger.Policy).Integrity));
    }

    [Fact]
    public void Line_with_white_space_between_its_tokens_is_refused()
    {
        using var ledger = TestLedger.Story(1);

        var altered = EditLines(ledger.Bundle(), BundleFiles.Proofs, lines => lines[0] = lines[0].Replace("\"siblings\":", "\"siblings\": ", StringComparison.Ordinal));

        Assert.Equal([ReasonCodes.LineMalformed], Codes(Verify(altered, ledger.Policy).Integrity));
    }

    [Fact]
    public void Zip_without_a_required_file_is_refused()
    {
        using var ledger = TestLedger.Story(1);
        var files = Files(ledger.Bundle());
        files.Remove(BundleFiles.Proofs);

        var failure = Assert.Single(Verify(Zip(files, fitManifest: false), ledger.Policy).Integrity.Failures);

        Assert.Equal((ReasonCodes.ZipMissingEntry, "zip proofs.jsonl"), (failure.Code, failure.Subject.ToString()));
    }

    [Fact]
    public void Zip_bomb_is_refused_by_its_declared_ratio()
    {
        using var ledger = TestLedger.Story(1);
        var files = Files(ledger.Bundle());
        files[BundleFiles.Records] = new byte[64 << 20];

        var report = Verify(Zip(files), ledger.Policy);

        Assert.Equal([ReasonCodes.ZipBomb], Codes(report.Integrity));
        Assert.Equal(0, report.Counts.Records);
    }

    [Fact]
    public void Zip_beyond_the_verifier_s_limit_is_refused()
    {
        using var ledger = TestLedger.Story(1);

        var report = BundleVerifier.Verify(new MemoryStream(ledger.Bundle()), ledger.Policy, new VerifyOptions { MaxBytes = 1000 });

        Assert.Equal([ReasonCodes.ZipBomb], Codes(report.Integrity));
    }

    [Fact]
    public void Zip_packed_again_by_another_tool_is_refused_as_malformed()
    {
        using var ledger = TestLedger.Story(1);
        using var output = new MemoryStream();
        using (var zip = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in Files(ledger.Bundle()))
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }

        Assert.Equal([ReasonCodes.ZipMalformed], Codes(Verify(output.ToArray(), ledger.Policy).Integrity));
    }

    /// <summary>The law: a bundle with any one bit changed is not verified.</summary>
    [Fact]
    public void Every_single_bit_flip_of_a_bundle_is_detected()
    {
        using var ledger = new TestLedger();
        var gateway = ledger.Emitter("gateway/g");
        ledger.Append(gateway, gateway.Started(), gateway.Requested(out var id), gateway.Completed(id), gateway.Ended());
        var bundle = ledger.Bundle();
        Assert.True(Verify(bundle, ledger.Policy).Verified);

        // Every seventh byte from a random start, and any bit of it: over some runs all of them, in seconds each.
        for (var at = Random.Shared.Next(7); at < bundle.Length; at += 7)
        {
            bundle[at] ^= (byte)(1 << (at % 8));
            var report = Verify(bundle, ledger.Policy);
            Assert.False(report.Verified, $"a flip of bit {at % 8} of byte {at} passed");
            Assert.NotEmpty(report.Integrity.Failures);
            bundle[at] ^= (byte)(1 << (at % 8));
        }
    }

    [Fact]
    public void Bytes_that_are_no_zip_are_refused()
    {
        Assert.Equal([ReasonCodes.ZipTruncated], Codes(Verify(Encoding.UTF8.GetBytes("not a bundle"), null).Integrity));
    }
}
