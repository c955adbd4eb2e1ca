using Cairn.Evidence.Bundles;
using Cairn.Evidence.Drills;
using Cairn.Evidence.Verification;
using Cairn.Trails.Drills;

namespace Cairn.Trails.Tests.Drills;

/// <summary>The structured attacks of <c>cairn drill tamper</c>, and the bundle whose bits it changes.</summary>
public sealed class TamperDrillTests
{
    [Fact]
    public void Every_attack_brings_up_its_codes_and_no_others()
    {
        var outcomes = TamperDrill.Attack();

        Assert.All(outcomes, outcome => Assert.Equal((outcome.Name, string.Join(' ', outcome.Expected)), (outcome.Name, string.Join(' ', outcome.Found))));
        Assert.All(outcomes, outcome => Assert.True(outcome.IsGood, outcome.Name));
        Assert.Equal(["swap the trust inside"], outcomes.Where(outcome => outcome.Found.Count == 0).Select(outcome => outcome.Name));
    }

    [Fact]
    public void Smallest_bundle_is_verified_and_its_bits_by_sample_are_seen()
    {
        var (bundle, policy) = TamperDrill.Smallest();

        Assert.True(BundleVerifier.Verify(new MemoryStream(bundle), policy).Verified);
        Assert.Empty(BitDrill.Run(bundle, policy, sample: 30, seed: 5).Undetected);
    }

    [Fact]
    public void Smallest_bundle_has_every_member_but_what_is_disclosed_and_changed_keys_and_one_that_is_compressed()
    {
        var (bundle, policy) = TamperDrill.Smallest();
        using var zip = new System.IO.Compression.ZipArchive(new MemoryStream(bundle));

        var report = BundleVerifier.Verify(new MemoryStream(bundle), policy);

        string[] absent = [BundleFiles.ContentIndex, BundleFiles.Content, BundleFiles.PolicyIndex, BundleFiles.Policies, BundleFiles.Engine, BundleFiles.Keys];
        Assert.Equal(BundleFiles.All.Except(absent), zip.Entries.Select(entry => entry.FullName));
        Assert.Equal([BundleFiles.Anchors], zip.Entries.Where(entry => entry.CompressedLength < entry.Length).Select(entry => entry.FullName));
        Assert.Contains(report.Times.Anchors.SelectMany(anchor => anchor.Claims), claim => claim.By == "timestamper");
        Assert.Empty(report.Warnings);
    }
}
