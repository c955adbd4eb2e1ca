using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cairn.Identity.Files;

/// <summary>
/// A server's TLS certificate and key in two PEM files, which may be replaced while it runs: connections that begin a second
/// later get the new one. Files that do not fit together, as in the middle of a replacement, leave the last good one in use.
/// Safe for several threads.
/// </summary>
public sealed class TlsIdentity
{
    private readonly string _certificatePath;
    private readonly string _keyPath;
    private readonly bool _ownerOnly;
    private readonly Action<string> _log;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private byte[] _seen;
    private long _lookedAt;
    private volatile SslStreamCertificateContext _current;

    /// <summary>Reads the files.</summary>
    /// <param name="certificatePath">PEM: the server's own certificate first, then those above it.</param>
    /// <param name="keyPath">PEM: its private key.</param>
    /// <param name="ownerOnly">Whether a key that others can read is refused.</param>
    /// <param name="log">Hears of replacements.</param>
    /// <param name="time">The clock by which files are looked at again.</param>
    /// <exception cref="IOException">A file can't be read, or others can read the key.</exception>
    /// <exception cref="UnauthorizedAccessException">A file can't be read.</exception>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public TlsIdentity(string certificatePath, string keyPath, bool ownerOnly, Action<string> log, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(log);
        (_certificatePath, _keyPath, _ownerOnly, _log, _time) = (certificatePath, keyPath, ownerOnly, log, time ?? TimeProvider.System);
        _seen = Read();
        _current = Load();
        _lookedAt = _time.GetTimestamp();
    }

    /// <summary>The certificate with its key and the path above it, as the files are now.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            if (_time.GetElapsedTime(Interlocked.Read(ref _lookedAt)) >= TimeSpan.FromSeconds(1) && _gate.TryEnter())
            {
                try
                {
                    Look();
                }
                finally
                {
                    Interlocked.Exchange(ref _lookedAt, _time.GetTimestamp());
                    _gate.Exit();
                }
            }

            return _current;
        }
    }

    /// <summary>A certificate with its key and the path above it, from PEM files.</summary>
    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file can't be read.</exception>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public static SslStreamCertificateContext Load(string certificatePath, string keyPath)
    {
        // SChannel and OpenSSL alike want a key that is not bound to a file: by way of PKCS#12.
        using var pem = FromPem(certificatePath, keyPath);
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        var path = new X509Certificate2Collection();
        path.ImportFromPemFile(certificatePath);
        return SslStreamCertificateContext.Create(certificate, path, offline: true);
    }

    private static X509Certificate2 FromPem(string certificatePath, string keyPath)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        }
        catch (ArgumentException problem)
        {
            throw new CryptographicException($"the key in {keyPath} is not that of the certificate in {certificatePath}", problem);
        }
    }

    private void Look()
    {
        try
        {
            var now = Read();
            if (now.AsSpan().SequenceEqual(_seen))
            {
                return;
            }

            _seen = now;
            _current = Load();
            _log($"TLS goes on with the certificate now in {_certificatePath}, good until {_current.TargetCertificate.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            _log($"TLS goes on with the certificate that it had, good until {_current.TargetCertificate.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}: {_certificatePath} and {_keyPath} can't be used: {problem.Message}");
        }
    }

    private byte[] Read() => SHA256.HashData([.. File.ReadAllBytes(_certificatePath), 0, .. File.ReadAllBytes(_keyPath)]);

    private SslStreamCertificateContext Load()
    {
        if (_ownerOnly)
        {
            DurableFile.RequireOwnerOnly(_keyPath);
        }

        return Load(_certificatePath, _keyPath);
    }
}
