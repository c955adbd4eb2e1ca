using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cairn.Identity.Files;

namespace Cairn.Identity.Tests;

/// <summary>Certificates of servers whose files are replaced under them.</summary>
public sealed class TlsIdentityTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cairn-tls-").FullName;
    private readonly SettableClock _clock = new();
    private readonly List<string> _said = [];

    private string Certificate => Path.Combine(_folder, "tls.pem");

    private string Key => Path.Combine(_folder, "tls.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void New_files_count_after_a_second()
    {
        Replace(out var first);
        var identity = Open();
        Replace(out var second);

        var (at, after) = (identity.Current.TargetCertificate.Thumbprint, Later(identity));

        Assert.Equal(first, at);
        Assert.Equal(second, after);
        Assert.Single(_said);
    }

    [Fact]
    public void Half_of_a_replacement_leaves_the_old_certificate_in_use_until_the_other_half_is_there()
    {
        Replace(out var first);
        var identity = Open();
        var (certificate, key) = Make(out var second);

        File.WriteAllText(Certificate, certificate);
        Assert.Equal(first, Later(identity));
        Assert.Equal(first, Later(identity));
        Assert.Contains("TLS goes on with the certificate that it had", Assert.Single(_said), StringComparison.Ordinal);

        File.WriteAllText(Key, key);
        Assert.Equal(second, Later(identity));
    }

    [Theory]
    [InlineData("not a key")]
    [InlineData(null)]
    public void Files_that_go_bad_leave_the_old_certificate_in_use(string? key)
    {
        Replace(out var first);
        var identity = Open();
        if (key is null)
        {
            File.Delete(Key);
        }
        else
        {
            File.WriteAllText(Key, key);
        }

        Assert.Equal(first, Later(identity));
        Assert.NotEmpty(_said);
    }

    [Fact]
    public void Key_that_others_can_read_is_refused_at_the_start_and_later()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        Replace(out var first);
        var identity = Open(ownerOnly: true);
        Replace(out _);
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.Equal(first, Later(identity));
        Assert.Contains("chmod 600", Assert.Single(_said), StringComparison.Ordinal);
        Assert.Throws<IOException>(() => Open(ownerOnly: true));
    }

    [Fact]
    public void Key_of_another_certificate_is_refused_at_the_start()
    {
        Replace(out _);
        File.WriteAllText(Key, Make(out _).Key);

        Assert.ThrowsAny<CryptographicException>(() => Open());
    }

    private TlsIdentity Open(bool ownerOnly = false) => new(Certificate, Key, ownerOnly, _said.Add, _clock);

    private string Later(TlsIdentity identity)
    {
        _clock.Elapsed += TimeSpan.FromSeconds(1);
        return identity.Current.TargetCertificate.Thumbprint;
    }

    private void Replace(out string thumbprint)
    {
        var (certificate, key) = Make(out thumbprint);
        File.WriteAllText(Certificate, certificate);
        File.WriteAllText(Key, key);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private static (string Certificate, string Key) Make(out string thumbprint)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=tls.test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        thumbprint = certificate.Thumbprint;
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private sealed class SettableClock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
