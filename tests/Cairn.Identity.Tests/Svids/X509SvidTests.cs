using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Identity.Bundles;
using Cairn.Identity.Svids;

namespace Cairn.Identity.Tests.Svids;

public sealed class X509SvidTests : IDisposable
{
    private readonly SvidForge _forge = new();

    public void Dispose() => _forge.Dispose();

    [Fact]
    public void Svid_is_accepted_directly_under_the_root()
    {
        var leaf = _forge.Leaf(purposes: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
        var svid = Check(leaf);
        Assert.Equal(SvidForge.Id, svid.Id.ToString());
        Assert.Equal(SvidForge.Now.AddHours(1), svid.NotAfter);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(leaf)), svid.Thumbprint.ToString());
    }

    [Theory]
    [InlineData("spiffe://example.org")]
    [InlineData(null)]
    public void Svid_is_accepted_under_an_intermediate_with_and_without_an_id(string? uri)
    {
        var intermediate = _forge.Authority("CN=intermediate", _forge.Root, uri);
        Assert.Equal(SvidForge.Id, Check(_forge.Leaf(intermediate), intermediate.RawData).Id.ToString());
    }

    [Fact]
    public void Certificates_of_a_TLS_connection_are_checked_as_they_come()
    {
        var intermediate = _forge.Authority("CN=intermediate", _forge.Root, null);
        using var leaf = X509CertificateLoader.LoadCertificate(_forge.Leaf(intermediate));
        Assert.Equal(SvidForge.Id, X509SvidValidator.Validate(leaf, [intermediate], _forge.Bundles, SvidForge.Now).Id.ToString());
    }

    [Fact]
    public void Leaf_must_name_exactly_one_id_with_a_path()
    {
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: []));
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: [SvidForge.Id, "spiffe://example.org/agent/b"]));
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: [SvidForge.Id, "https://example.org/"]));
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: ["https://example.org/agent/a"]));
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: ["spiffe://example.org/agent/a?b"]));
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: ["spiffe://user@example.org/agent"]));
        Rejects(SvidRule.SpiffeId, _forge.Leaf(uris: ["spiffe://example.org:80/agent"]));
        Rejects(SvidRule.SpiffeId, _forge.Authority("CN=workload", _forge.Root, "spiffe://example.org", isAuthority: false, usage: X509KeyUsageFlags.DigitalSignature).RawData);
    }

    [Fact]
    public void Leaf_must_not_be_an_authority() => Rejects(SvidRule.LeafUsage, _forge.Leaf(isAuthority: true));

    [Theory]
    [InlineData(X509KeyUsageFlags.KeyEncipherment, true)]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, true)]
    [InlineData(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign, true)]
    [InlineData(X509KeyUsageFlags.DigitalSignature, false)]
    public void Leaf_must_sign_data_and_nothing_else(X509KeyUsageFlags usage, bool critical) =>
        Rejects(SvidRule.LeafUsage, _forge.Leaf(usage: usage, critical: critical));

    [Theory]
    [InlineData("1.3.6.1.5.5.7.3.1")]
    [InlineData("1.3.6.1.5.5.7.3.3")]
    public void Extended_usage_must_hold_both_purposes_where_it_is(string purpose) => Rejects(SvidRule.LeafUsage, _forge.Leaf(purposes: [purpose]));

    [Fact]
    public void Signing_certificate_must_be_an_authority_that_signs_certificates()
    {
        var noAuthority = _forge.Authority("CN=none", _forge.Root, null, isAuthority: false);
        Rejects(SvidRule.SigningCertificate, _forge.Leaf(noAuthority), noAuthority.RawData);
        var noCertSign = _forge.Authority("CN=usage", _forge.Root, null, usage: X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature);
        Rejects(SvidRule.SigningCertificate, _forge.Leaf(noCertSign), noCertSign.RawData);
        var withPath = _forge.Authority("CN=path", _forge.Root, "spiffe://example.org/authority");
        Rejects(SvidRule.SigningCertificate, _forge.Leaf(withPath), withPath.RawData);
    }

    [Fact]
    public void Signing_certificate_of_another_trust_domain_is_refused()
    {
        var foreign = _forge.Authority("CN=foreign", _forge.Root, "spiffe://example.net");
        Rejects(SvidRule.SpiffeId, _forge.Leaf(foreign), foreign.RawData);
    }

    [Fact]
    public void Path_length_constraint_holds()
    {
        var root = _forge.Authority("CN=short", null, "spiffe://example.org", pathLength: 0);
        var intermediate = _forge.Authority("CN=below", root, null);
        var bundles = new TrustBundleSet(new TrustBundle("example.org") { X509Authorities = [root.RawData] });
        Assert.Equal(SvidForge.Id, X509SvidValidator.Validate([_forge.Leaf(root)], bundles, SvidForge.Now).Id.ToString());
        var refused = Assert.Throws<SvidRejectedException>(() => X509SvidValidator.Validate([_forge.Leaf(intermediate), intermediate.RawData], bundles, SvidForge.Now));
        Assert.Equal(SvidRule.Path, refused.Rule);
    }

    [Fact]
    public void Root_that_may_not_sign_certificates_counts_as_none()
    {
        var root = _forge.Authority("CN=weak", null, "spiffe://example.org", usage: X509KeyUsageFlags.DigitalSignature);
        var bundles = new TrustBundleSet(new TrustBundle("example.org") { X509Authorities = [root.RawData] });
        Assert.Equal(SvidRule.Path, Assert.Throws<SvidRejectedException>(() => X509SvidValidator.Validate([_forge.Leaf(root)], bundles, SvidForge.Now)).Rule);
    }

    [Fact]
    public void Only_the_bundle_of_the_leafs_own_trust_domain_decides()
    {
        // A root of example.net signs an id of example.org: the bundle of example.net must not make it good.
        var other = _forge.Authority("CN=other", null, "spiffe://example.net");
        var bundles = new TrustBundleSet(
            new TrustBundle("example.org") { X509Authorities = [_forge.Root.RawData] },
            new TrustBundle("example.net") { X509Authorities = [other.RawData] });
        Assert.Equal(SvidRule.Path, Assert.Throws<SvidRejectedException>(() => X509SvidValidator.Validate([_forge.Leaf(other)], bundles, SvidForge.Now)).Rule);
        Rejects(SvidRule.TrustDomain, _forge.Leaf(other, ["spiffe://example.net/agent/a"]));
    }

    [Fact]
    public void Empty_bundle_means_that_nothing_is_believed() =>
        Assert.Equal(SvidRule.TrustDomain, Assert.Throws<SvidRejectedException>(() => X509SvidValidator.Validate([_forge.Leaf()], new TrustBundleSet(new TrustBundle("example.org")), SvidForge.Now)).Rule);

    [Theory]
    [InlineData(-3601)]
    [InlineData(3601)]
    public void Svid_is_refused_before_and_after_its_time(int seconds) =>
        Assert.Equal(SvidRule.Validity, Assert.Throws<SvidRejectedException>(() => X509SvidValidator.Validate([_forge.Leaf()], _forge.Bundles, SvidForge.Now.AddSeconds(seconds))).Rule);

    [Fact]
    public void Missing_intermediate_is_named()
    {
        var intermediate = _forge.Authority("CN=missing", _forge.Root, null);
        Rejects(SvidRule.Path, _forge.Leaf(intermediate));
    }

    [Fact]
    public void Any_changed_byte_is_refused()
    {
        var good = _forge.Leaf();
        for (var i = 0; i < good.Length; i++)
        {
            var bad = good.ToArray();
            bad[i] ^= 0x04;
            Assert.Throws<SvidRejectedException>(() => Check(bad));
        }
    }

    [Fact]
    public void Things_that_are_no_certificates_are_refused()
    {
        Rejects(SvidRule.Form, []);
        Rejects(SvidRule.Form, [1, 2, 3]);
        Rejects(SvidRule.Form, _forge.Leaf(), [0x30, 0x80]);
        Rejects(SvidRule.Form, [.. _forge.Leaf(), 0]);
    }

    private VerifiedX509Svid Check(params ReadOnlyMemory<byte>[] chain) => X509SvidValidator.Validate(chain, _forge.Bundles, SvidForge.Now);

    private void Rejects(SvidRule rule, params byte[][] chain) =>
        Assert.Equal(rule, Assert.Throws<SvidRejectedException>(() => Check([.. chain.Select(one => (ReadOnlyMemory<byte>)one)])).Rule);
}
