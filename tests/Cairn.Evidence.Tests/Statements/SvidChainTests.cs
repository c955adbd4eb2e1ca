using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Tests.Statements;

public class SvidChainTests
{
    private static readonly SpiffeId Id = SpiffeId.Parse("spiffe://example.org/agent/a");

    [Fact]
    public void SvidChain_holds_directly_and_through_an_intermediate()
    {
        using var root = TestAuthority.Root(curve: ECCurve.NamedCurves.nistP384);
        using var intermediate = TestAuthority.Intermediate(root);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Assert.Equal(default, SvidChain.Verify([TestAuthority.Leaf(root, key)], Id, [root.RawData], TestAuthority.Now));
        Assert.Equal(default, SvidChain.Verify([TestAuthority.Leaf(intermediate, key), intermediate.RawData], Id, [root.RawData], TestAuthority.Now));
    }

    [Fact]
    public void SvidChain_is_refused_without_its_intermediate_or_under_another_root()
    {
        using var root = TestAuthority.Root();
        using var other = TestAuthority.Root();
        using var intermediate = TestAuthority.Intermediate(root);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = TestAuthority.Leaf(intermediate, key);

        Assert.Equal(SvidFault.Untrusted, SvidChain.Verify([leaf], Id, [root.RawData], TestAuthority.Now).Fault);
        Assert.Equal(SvidFault.Untrusted, SvidChain.Verify([leaf, intermediate.RawData], Id, [other.RawData], TestAuthority.Now).Fault);
        Assert.Equal(SvidFault.Untrusted, SvidChain.Verify([leaf, intermediate.RawData, root.RawData], Id, [], TestAuthority.Now).Fault);
        Assert.Equal(SvidFault.Untrusted, SvidChain.Verify([leaf, intermediate.RawData, root.RawData], Id, [other.RawData], TestAuthority.Now).Fault);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(30)]
    public void SvidChain_is_refused_outside_its_validity(int hours)
    {
        using var root = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var check = SvidChain.Verify([TestAuthority.Leaf(root, key)], Id, [root.RawData], TestAuthority.Now.AddHours(hours));

        Assert.Equal(SvidFault.OutsideValidity, check.Fault);
        Assert.Contains("2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z", check.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void SvidChain_is_refused_when_the_leaf_breaks_a_rule_of_x509_svids()
    {
        using var root = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        SvidFault Check(Action<CertificateRequest> shape) =>
            SvidChain.Verify([TestAuthority.Leaf(root, key, shape)], Id, [root.RawData], TestAuthority.Now).Fault;

        Assert.Equal(SvidFault.None, Check(r => TestAuthority.Svid(r)));
        Assert.Equal(SvidFault.WrongId, Check(r => TestAuthority.Svid(r, ["spiffe://example.org/agent/b"])));
        Assert.Equal(SvidFault.WrongId, Check(r => TestAuthority.Svid(r, ["spiffe://example.org/agent/a", "spiffe://example.org/agent/b"])));
        Assert.Equal(SvidFault.WrongId, Check(r => TestAuthority.Svid(r, [])));
        Assert.Equal(SvidFault.WrongUsage, Check(r => TestAuthority.Svid(r, authority: true)));
        Assert.Equal(SvidFault.WrongUsage, Check(r => TestAuthority.Svid(r, usage: X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign)));
        Assert.Equal(SvidFault.WrongUsage, Check(r => TestAuthority.Svid(r, usage: X509KeyUsageFlags.KeyEncipherment)));
        Assert.Equal(SvidFault.WrongUsage, Check(r => TestAuthority.Svid(r, critical: false)));
    }

    [Fact]
    public void SvidChain_is_refused_when_its_authority_is_another_trust_domains()
    {
        using var root = TestAuthority.Root();
        using var intermediate = TestAuthority.Intermediate(root, uri: "spiffe://other.org");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var check = SvidChain.Verify([TestAuthority.Leaf(intermediate, key), intermediate.RawData], Id, [root.RawData], TestAuthority.Now);

        Assert.Equal(SvidFault.WrongId, check.Fault);
    }

    [Fact]
    public void SvidChain_is_refused_when_a_leaf_signed_the_leaf()
    {
        using var root = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var workload = X509CertificateLoader.LoadCertificate(TestAuthority.Leaf(root, key)).CopyWithPrivateKey(key);

        var check = SvidChain.Verify([TestAuthority.Leaf(workload, key), workload.RawData], Id, [root.RawData], TestAuthority.Now);

        Assert.Equal(SvidFault.Untrusted, check.Fault);
    }

    [Fact]
    public void SvidChain_of_bytes_that_are_no_certificates_is_refused()
    {
        using var root = TestAuthority.Root();

        Assert.Equal(SvidFault.NotCertificates, SvidChain.Verify([], Id, [root.RawData], TestAuthority.Now).Fault);
        Assert.Equal(SvidFault.NotCertificates, SvidChain.Verify([new byte[100]], Id, [root.RawData], TestAuthority.Now).Fault);
        Assert.Equal(SvidFault.NotCertificates, SvidChain.Verify([root.RawData.AsMemory(..^1)], Id, [root.RawData], TestAuthority.Now).Fault);
    }

    [Fact]
    public void SvidChain_takes_der_and_neither_pem_nor_bytes_after_it()
    {
        using var root = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = TestAuthority.Leaf(root, key);
        var pem = System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", leaf));

        foreach (var other in new[] { pem, [.. leaf, 0] })
        {
            Assert.Equal(SvidFault.NotCertificates, SvidChain.Verify([other], Id, [root.RawData], TestAuthority.Now).Fault);
            Assert.Throws<EvidenceFormatException>(() => StatementKey.FromCertificate(other));
        }
    }
}
