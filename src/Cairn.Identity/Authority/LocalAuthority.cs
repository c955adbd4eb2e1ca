using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cairn.Evidence;
using Cairn.Identity.Certificates;
using Cairn.Identity.Files;

namespace Cairn.Identity;

/// <summary>
/// The certificate authority of one trust domain, for installations without SPIRE: a P-256 root in two files,
/// <c>ca.key.pem</c> (0600) and <c>ca.cert.pem</c>. Whoever can read the key file can be any emitter of the domain.
/// </summary>
public sealed class LocalAuthority : IDisposable
{
    /// <summary>File name of the private key, PKCS#8 PEM, mode 0600.</summary>
    public const string KeyFile = "ca.key.pem";

    /// <summary>File name of the root certificate, PEM.</summary>
    public const string CertificateFile = "ca.cert.pem";

    /// <summary>How long an SVID is good unless the caller asks otherwise.</summary>
    public static readonly TimeSpan DefaultTtl = TimeSpan.FromHours(24);

    // A peer's clock may be this much behind ours without finding a new SVID "not yet valid".
    private static readonly TimeSpan Backdating = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private readonly ECDsa _key;
    private readonly X509Certificate2 _root;
    private readonly TimeProvider _time;

    private LocalAuthority(ECDsa key, X509Certificate2 root, string trustDomain, TimeProvider time) =>
        (_key, _root, TrustDomain, _time) = (key, root, trustDomain, time);

    /// <summary>The trust domain's name, such as <c>cairn.local</c>.</summary>
    public string TrustDomain { get; }

    /// <summary>The root certificate, DER: what a trust policy's <c>trustdomain</c> line carries.</summary>
    public byte[] RootCertificate => _root.RawData;

    /// <summary>Makes a new authority in <paramref name="directory"/>.</summary>
    /// <exception cref="AuthorityException">There is one already, or the files can't be written.</exception>
    public static LocalAuthority Create(string directory, string trustDomain, TimeProvider? time = null)
    {
        using var guard = Guard(directory);
        return Exists(directory)
            ? throw new AuthorityException($"{directory} already holds an authority ({KeyFile}); expected none")
            : CreateLocked(directory, trustDomain, time ?? TimeProvider.System);
    }

    /// <summary>Opens the authority in <paramref name="directory"/>; never creates one.</summary>
    /// <exception cref="AuthorityException">A file is missing, readable by others, or not what it should be.</exception>
    public static LocalAuthority Open(string directory, string? trustDomain = null, TimeProvider? time = null)
    {
        var (keyPath, certificatePath) = (Path.Combine(directory, KeyFile), Path.Combine(directory, CertificateFile));
        foreach (var path in new[] { keyPath, certificatePath })
        {
            if (!File.Exists(path))
            {
                throw new AuthorityException($"the authority's file {path} is missing; expected it beside the other keys");
            }
        }

        try
        {
            DurableFile.RequireOwnerOnly(keyPath);
            var key = ReadKey(keyPath);
            var root = X509Certificate2.CreateFromPem(File.ReadAllText(certificatePath));
            var found = DomainOf(root, certificatePath);
            if (trustDomain is not null && trustDomain != found)
            {
                throw new AuthorityException($"{certificatePath} is of trust domain {found}, expected {trustDomain}");
            }

            using var certified = root.GetECDsaPublicKey();
            return certified is not null && certified.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
                ? new LocalAuthority(key, root, found, time ?? TimeProvider.System)
                : throw new AuthorityException($"{keyPath} is not the key of {certificatePath}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new AuthorityException($"the authority in {directory} can't be opened: {e.Message}", e);
        }
    }

    /// <summary>
    /// Opens the authority, or makes it when there is no key yet. Safe when several processes do it at once: one makes
    /// it, all get the same. A key without certificate (creation was cut short) gets its certificate now.
    /// </summary>
    /// <exception cref="AuthorityException">A certificate without its key, or files that can't be read or written.</exception>
    public static LocalAuthority OpenOrCreate(string directory, string trustDomain, TimeProvider? time = null)
    {
        if (!Exists(directory) || !File.Exists(Path.Combine(directory, CertificateFile)))
        {
            using var guard = Guard(directory);
            if (!Exists(directory) || !File.Exists(Path.Combine(directory, CertificateFile)))
            {
                CreateLocked(directory, trustDomain, time ?? TimeProvider.System).Dispose();
            }
        }

        return Open(directory, trustDomain, time);
    }

    /// <summary>A new key and its SVID.</summary>
    /// <exception cref="AuthorityException">The id is of another trust domain or has no path.</exception>
    public Svid Issue(SpiffeId id, TimeSpan ttl)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            return IssueFor(key, id, ttl);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>An SVID over a key that the caller has; the SVID owns the key from then on.</summary>
    /// <exception cref="AuthorityException">The id is of another trust domain or has no path.</exception>
    public Svid IssueFor(ECDsa key, SpiffeId id, TimeSpan ttl)
    {
        var (notBefore, notAfter) = Validity(id, ttl);
        var leaf = SvidCertificate.Leaf(_root, _key, new PublicKey(key), id, notBefore, notAfter);
        return new Svid(id, key, [leaf], notBefore, notAfter);
    }

    /// <summary>A certificate chain for a verified PKCS#10 request. Only the request's key is used; the id is the caller's decision.</summary>
    /// <exception cref="AuthorityException">The id is of another trust domain or has no path.</exception>
    public IReadOnlyList<byte[]> IssueFor(SvidRequest request, TimeSpan ttl)
    {
        var (notBefore, notAfter) = Validity(request.Id, ttl);
        return [SvidCertificate.Leaf(_root, _key, request.PublicKey, request.Id, notBefore, notAfter)];
    }

    /// <summary>Fresh SVIDs for one id from this authority, as an emitter wants them.</summary>
    public ISvidSource SourceFor(SpiffeId id, TimeSpan? ttl = null) => new AuthoritySource(this, id, ttl ?? DefaultTtl);

    /// <summary>Frees the key.</summary>
    public void Dispose()
    {
        _key.Dispose();
        _root.Dispose();
    }

    private static bool Exists(string directory) => File.Exists(Path.Combine(directory, KeyFile));

    private static FileLock Guard(string directory)
    {
        try
        {
            DurableFile.CreateDirectory(directory);
            return FileLock.Take(Path.Combine(directory, "ca.lock"), LockPatience);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw new AuthorityException($"an authority can't be made in {directory}: {e.Message}", e);
        }
    }

    // Order: key, then certificate. The key is the identity; a certificate for it can be made again, the reverse is not so.
    private static LocalAuthority CreateLocked(string directory, string trustDomain, TimeProvider time)
    {
        if (!SpiffeId.TryParse($"spiffe://{trustDomain}", out _))
        {
            throw new AuthorityException($"\"{trustDomain}\" is not a trust domain name; expected at most 255 of a-z 0-9 . _ -");
        }

        var (keyPath, certificatePath) = (Path.Combine(directory, KeyFile), Path.Combine(directory, CertificateFile));
        try
        {
            ECDsa key;
            if (File.Exists(keyPath))
            {
                DurableFile.RequireOwnerOnly(keyPath);
                key = ReadKey(keyPath);
            }
            else if (File.Exists(certificatePath))
            {
                throw new AuthorityException($"{certificatePath} is there but its key {keyPath} is not; restore the key, or remove the certificate to start a new authority that existing trust policies will not know");
            }
            else
            {
                key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                DurableFile.Write(keyPath, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            }

            var now = Truncate(time.GetUtcNow());
            var root = SvidCertificate.Root(key, trustDomain, now - Backdating, now.AddYears(10));
            DurableFile.Write(certificatePath, Encoding.ASCII.GetBytes(root.ExportCertificatePem() + "\n"));
            return new LocalAuthority(key, root, trustDomain, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AuthorityException($"the authority's files can't be written in {directory}: {e.Message}", e);
        }
    }

    private static ECDsa ReadKey(string path)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return key;
    }

    private static string DomainOf(X509Certificate2 root, string path) =>
        SvidCertificate.Uris(root.Extensions) is [var uri] && SpiffeId.TryParse(uri, out var id) && id.Path.Length == 0
            ? id.TrustDomain
            : throw new AuthorityException($"{path} does not name one trust domain (URI spiffe://NAME in its subject alternative name)");

    private (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Validity(SpiffeId id, TimeSpan ttl)
    {
        if (id.TrustDomain != TrustDomain || id.Path.Length == 0)
        {
            throw new AuthorityException($"no SVID for \"{id}\"; expected an id of the form spiffe://{TrustDomain}/PATH");
        }

        var now = Truncate(_time.GetUtcNow());
        var (end, rootEnd) = (now + ttl, new DateTimeOffset(_root.NotAfter.ToUniversalTime()));
        return ttl <= TimeSpan.Zero || now >= rootEnd
            ? throw new AuthorityException($"no SVID for {id}: asked for a lifetime of {ttl}, and the root ends at {rootEnd:u}")
            : (now - Backdating, end < rootEnd ? end : rootEnd);
    }

    // X.509 times have whole seconds.
    private static DateTimeOffset Truncate(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private sealed class AuthoritySource(LocalAuthority authority, SpiffeId id, TimeSpan ttl) : ISvidSource
    {
        public ValueTask<Svid> FetchAsync(CancellationToken cancellationToken)
        {
            try
            {
                return ValueTask.FromResult(authority.Issue(id, ttl));
            }
            catch (AuthorityException e)
            {
                throw new SvidUnavailableException(e.Message, e);
            }
        }
    }
}

/// <summary>The authority can't be made, opened or used as asked. The message names the file or id and the remedy.</summary>
public sealed class AuthorityException(string message, Exception? innerException = null) : Exception(message, innerException);
