using Cairn.Evidence;
using Cairn.Evidence.Statements;

namespace Cairn.Identity.Tests;

public sealed class RootRotationTests : IDisposable
{
    private static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://example.org/agent/billing");
    private readonly string _directory = Directory.CreateTempSubdirectory("cairn-ca-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Announced_root_is_in_the_bundle_and_signs_nothing()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        var old = authority.RootCertificate;

        var next = RootRotation.Announce(_directory);

        Assert.Equal([old, next.Certificate], authority.Bundle().X509Authorities.Select(root => root.ToArray()));
        Assert.True(IsSignedBy(authority, old));
    }

    [Fact]
    public void Root_announced_twice_is_one()
    {
        LocalAuthority.Create(_directory, "example.org").Dispose();

        Assert.Equal(RootRotation.Announce(_directory).Thumbprint, RootRotation.Announce(_directory).Thumbprint);
    }

    [Fact]
    public void Promoted_root_signs_also_in_an_authority_that_was_open_before()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        var old = authority.RootCertificate;
        var next = RootRotation.Announce(_directory);

        RootRotation.Promote(_directory);

        Assert.True(IsSignedBy(authority, next.Certificate));
        Assert.Equal([RootState.Retiring, RootState.Issuing], authority.Roots.Select(root => root.State));
        Assert.Equal([old, next.Certificate], authority.Bundle().X509Authorities.Select(root => root.ToArray()));
    }

    [Fact]
    public void Removed_root_leaves_the_bundle_and_stays_in_the_list()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");
        var old = Digest.Sha256(authority.RootCertificate);
        RootRotation.Announce(_directory);
        RootRotation.Promote(_directory);

        RootRotation.Remove(_directory, old);

        Assert.Single(authority.Bundle().X509Authorities);
        Assert.Equal([RootState.Removed, RootState.Issuing], authority.Roots.Select(root => root.State));
        Assert.True(authority.Bundle().Sequence > 1);
    }

    [Fact]
    public void Signing_root_can_not_be_removed()
    {
        using var authority = LocalAuthority.Create(_directory, "example.org");

        Assert.Throws<AuthorityException>(() => RootRotation.Remove(_directory, Digest.Sha256(authority.RootCertificate)));
        Assert.Throws<AuthorityException>(() => RootRotation.Remove(_directory, Digest.Sha256([1])));
    }

    [Fact]
    public void Promotion_without_an_announcement_is_refused()
    {
        LocalAuthority.Create(_directory, "example.org").Dispose();

        Assert.Throws<AuthorityException>(() => RootRotation.Promote(_directory));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Promotion_that_was_cut_short_is_ended_by_whoever_opens_the_authority(bool keyWasWritten)
    {
        using var old = LocalAuthority.Create(_directory, "example.org");
        var next = RootRotation.Announce(_directory);
        var (key, certificate) = (Path.Combine(_directory, "ca.next.key.pem"), Path.Combine(_directory, "ca.next.cert.pem"));
        var saved = (File.ReadAllBytes(key), File.ReadAllBytes(certificate), File.ReadAllBytes(Path.Combine(_directory, LocalAuthority.CertificateFile)), File.ReadAllBytes(Path.Combine(_directory, LocalAuthority.KeyFile)));
        RootRotation.Promote(_directory);
        Files.DurableFile.Write(key, saved.Item1);
        Files.DurableFile.Write(certificate, saved.Item2);
        Files.DurableFile.Write(Path.Combine(_directory, LocalAuthority.CertificateFile), saved.Item3);
        if (!keyWasWritten)
        {
            Files.DurableFile.Write(Path.Combine(_directory, LocalAuthority.KeyFile), saved.Item4);
            RootRotation.Announce(_directory); // the next step of any rotation looks first whether one was left half done
        }

        using var opened = LocalAuthority.Open(_directory);

        Assert.True(IsSignedBy(opened, next.Certificate));
    }

    private static bool IsSignedBy(LocalAuthority authority, byte[] root)
    {
        using var svid = authority.Issue(Agent, TimeSpan.FromHours(1));
        return SvidChain.Verify([.. svid.Chain.Select(der => (ReadOnlyMemory<byte>)der)], Agent, [root], DateTimeOffset.UtcNow).IsGood;
    }
}
