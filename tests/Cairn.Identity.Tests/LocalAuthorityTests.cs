using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Evidence;
using Cairn.Identity.Certificates;
using Cairn.Identity.Files;

namespace Cairn.Identity.Tests;

public sealed class LocalAuthorityTests : IDisposable
{
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://example.org/agent/billing");
    private readonly string _directory = Directory.CreateTempSubdirectory("cairn-ca-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Root_follows_the_rules_for_signing_certificates()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        using var root = X509CertificateLoader.LoadCertificate(authority.RootCertificate);

        Assert.Equal(["spiffe://example.org"], SvidCertificate.Uris(root.Extensions));
        Assert.True(root.Extensions.OfType<X509BasicConstraintsExtension>().Single() is { CertificateAuthority: true, Critical: true });
        Assert.True(root.Extensions.OfType<X509KeyUsageExtension>().Single() is { KeyUsages: X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, Critical: true });
        Assert.InRange((root.NotAfter - root.NotBefore).TotalDays, 3650, 3654);
    }

    [Fact]
    public void Svid_follows_the_rules_for_leaf_certificates_and_chains_to_the_root()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        using var svid = authority.Issue(Agent, LocalAuthority.DefaultTtl);
        using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain.Single());
        using var root = X509CertificateLoader.LoadCertificate(authority.RootCertificate);

        Assert.Equal([Agent.ToString()], SvidCertificate.Uris(leaf.Extensions));
        Assert.True(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single() is { CertificateAuthority: false });
        Assert.True(leaf.Extensions.OfType<X509KeyUsageExtension>().Single() is { KeyUsages: X509KeyUsageFlags.DigitalSignature, Critical: true });
        Assert.Equal(svid.NotAfter, new DateTimeOffset(leaf.NotAfter.ToUniversalTime()));
        Assert.True(svid.RotateAt > svid.NotBefore && svid.RotateAt < svid.NotAfter);

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(chain.Build(leaf), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
    }

    [Fact]
    public void Key_is_readable_by_its_owner_only()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        Assert.Equal(DurableFile.OwnerOnly, File.GetUnixFileMode(Path.Combine(_directory, LocalAuthority.KeyFile)));
    }

    [Fact]
    public void Open_refuses_a_key_that_others_can_read()
    {
        LocalAuthority.Create(_directory, "example.org").Dispose();
        var key = Path.Combine(_directory, LocalAuthority.KeyFile);
        File.SetUnixFileMode(key, DurableFile.OwnerOnly | UnixFileMode.GroupRead);

        var refused = Assert.Throws<AuthorityException>(() => LocalAuthority.Open(_directory));
        Assert.Contains("chmod 600", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_never_creates() =>
        Assert.Contains("missing", Assert.Throws<AuthorityException>(() => LocalAuthority.Open(_directory)).Message, StringComparison.Ordinal);

    [Fact]
    public void Open_refuses_another_trust_domain_and_a_foreign_key()
    {
        LocalAuthority.Create(_directory, "example.org").Dispose();
        Assert.Throws<AuthorityException>(() => LocalAuthority.Open(_directory, "example.net"));

        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DurableFile.Write(Path.Combine(_directory, LocalAuthority.KeyFile), System.Text.Encoding.ASCII.GetBytes(foreign.ExportPkcs8PrivateKeyPem()));
        Assert.Contains("is not the key of", Assert.Throws<AuthorityException>(() => LocalAuthority.Open(_directory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenOrCreate_refuses_a_certificate_whose_key_is_lost()
    {
        LocalAuthority.Create(_directory, "example.org").Dispose();
        File.Delete(Path.Combine(_directory, LocalAuthority.KeyFile));
        Assert.Contains("its key", Assert.Throws<AuthorityException>(() => LocalAuthority.OpenOrCreate(_directory, "example.org")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenOrCreate_finishes_a_creation_that_was_cut_short()
    {
        LocalAuthority.Create(_directory, "example.org").Dispose();
        File.Delete(Path.Combine(_directory, LocalAuthority.CertificateFile));
        using var authority = LocalAuthority.OpenOrCreate(_directory, "example.org");
        using var svid = authority.Issue(Agent, TimeSpan.FromMinutes(5));
        Assert.Single(svid.Chain);
    }

    [Fact]
    public async Task OpenOrCreate_makes_one_authority_for_five_processes_at_once()
    {
        var processes = Enumerable.Range(0, 5).Select(_ => Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            Environment = { [ChildProcess.Variable] = _directory },
            RedirectStandardOutput = true,
        })!).ToList();
        var roots = await Task.WhenAll(processes.Select(p => p.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)));
        foreach (var process in processes)
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
            process.Dispose();
        }

        var root = Assert.Single(roots.Distinct());
        using var authority = LocalAuthority.Open(_directory, "example.org");
        Assert.Equal(Digest.Sha256(authority.RootCertificate).ToString(), root);
    }

    [Theory]
    [InlineData("spiffe://example.net/agent")]
    [InlineData("spiffe://example.org")]
    public void Issue_refuses_ids_that_are_not_the_domains_to_give(string id)
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        Assert.Throws<AuthorityException>(() => authority.Issue(SpiffeId.Parse(id), TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Request_gives_a_certificate_over_its_own_key()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = SvidRequest.Parse(SvidRequest.Create(key, Agent));

        using var leaf = X509CertificateLoader.LoadCertificate(authority.IssueFor(request, TimeSpan.FromHours(1)).Single());
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), leaf.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Equal([Agent.ToString()], SvidCertificate.Uris(leaf.Extensions));
        Assert.Equal(Digest.Sha256(key.ExportSubjectPublicKeyInfo()), request.KeyThumbprint);
    }

    [Fact]
    public void Request_is_refused_when_any_byte_of_it_changes()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = SvidRequest.Create(key, Agent);
        for (var i = 0; i < good.Length; i++)
        {
            var bad = good.ToArray();
            bad[i] ^= 0x40;
            Assert.Throws<EvidenceFormatException>(() => SvidRequest.Parse(bad));
        }

        Assert.Throws<EvidenceFormatException>(() => SvidRequest.Parse([.. good, 0]));
    }

    [Fact]
    public void Request_with_a_key_of_another_kind_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Contains("P-256", Assert.Throws<EvidenceFormatException>(() => SvidRequest.Parse(SvidRequest.Create(key, Agent))).Message, StringComparison.Ordinal);
    }
}
