using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Certificates;
using Cairn.Identity.Files;

namespace Cairn.Identity;

/// <summary>
/// The certificate authority of one trust domain, for installations without SPIRE: a P-256 root in two files,
/// <c>ca.key.pem</c> (0600) and <c>ca.cert.pem</c>. Whoever can read the key file can be any emitter of the domain.
/// When another process gives the authority a new key (<see cref="RootRotation"/>), the next SVID is signed with it.
/// </summary>
public sealed class LocalAuthority : IDisposable
{
    /// <summary>File name of the private key, PKCS#8 PEM, mode 0600.</summary>
    public const string KeyFile = "ca.key.pem";

    /// <summary>File name of the root certificate, PEM.</summary>
    public const string CertificateFile = "ca.cert.pem";

    /// <summary>File name of the list of roots; there is none before the first change of keys.</summary>
    public const string RootsFileName = RootsFile.Name;

    /// <summary>How long an SVID is good unless the caller asks otherwise.</summary>
    public static readonly TimeSpan DefaultTtl = TimeSpan.FromHours(24);

    // A peer's clock may be this much behind ours without finding a new SVID "not yet valid".
    private static readonly TimeSpan Backdating = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private readonly Lock _turn = new();
    private readonly List<IDisposable> _replaced = [];
    private readonly string _directory;
    private readonly TimeProvider _time;
    private Pair _pair;
    private (DateTime, DateTime) _stamp;

    private LocalAuthority(string directory, Pair pair, (DateTime, DateTime) stamp, string trustDomain, TimeProvider time) =>
        (_directory, _pair, _stamp, TrustDomain, _time) = (directory, pair, stamp, trustDomain, time);

    /// <summary>The trust domain's name, such as <c>cairn.local</c>.</summary>
    public string TrustDomain { get; }

    /// <summary>The certificate of the root that signs new SVIDs, DER.</summary>
    /// <exception cref="AuthorityException">The files were changed, and can't be read.</exception>
    public byte[] RootCertificate => Present().Root.RawData;

    /// <summary>All roots that the authority ever had, oldest first, the removed ones too.</summary>
    /// <exception cref="AuthorityException">The list of roots can't be read.</exception>
    public IReadOnlyList<AuthorityRoot> Roots =>
        RootsFile.Read(_directory) is { } known ? known.Roots : [new AuthorityRoot(RootCertificate, RootState.Issuing, Present().Root.NotBefore.ToUniversalTime())];

    /// <summary>The trust bundle in force: every root that is not removed.</summary>
    /// <exception cref="AuthorityException">The list of roots can't be read.</exception>
    public TrustBundle Bundle() => new(TrustDomain)
    {
        X509Authorities = [.. Roots.Where(root => root.State != RootState.Removed).Select(root => (ReadOnlyMemory<byte>)root.Certificate)],
        Sequence = RootsFile.Read(_directory)?.Sequence ?? 1,
    };

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
            var stamp = Stamp(directory);
            var pair = ReadPair(directory);
            var found = DomainOf(pair.Root, certificatePath);
            return trustDomain is null || trustDomain == found
                ? new LocalAuthority(directory, pair, stamp, found, time ?? TimeProvider.System)
                : throw new AuthorityException($"{certificatePath} is of trust domain {found}, expected {trustDomain}");
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
    /// <exception cref="AuthorityException">The id is of another trust domain or has no path, or the key was revoked.</exception>
    public Svid IssueFor(ECDsa key, SpiffeId id, TimeSpan ttl)
    {
        ArgumentNullException.ThrowIfNull(key);
        RefuseRevoked(Digest.Sha256(key.ExportSubjectPublicKeyInfo()));
        var pair = Present();
        var (notBefore, notAfter) = Validity(pair.Root, id, ttl);
        var leaf = SvidCertificate.Leaf(pair.Root, pair.Key, new PublicKey(key), id, notBefore, notAfter);
        return new Svid(id, key, [leaf], notBefore, notAfter);
    }

    /// <summary>A certificate chain for a verified PKCS#10 request. Only the request's key is used; the id is the caller's decision.</summary>
    /// <exception cref="AuthorityException">The id is of another trust domain or has no path.</exception>
    /// <exception cref="KeyRevokedException">The request's key was revoked.</exception>
    public IReadOnlyList<byte[]> IssueFor(SvidRequest request, TimeSpan ttl)
    {
        ArgumentNullException.ThrowIfNull(request);
        RefuseRevoked(request.KeyThumbprint);
        var pair = Present();
        var (notBefore, notAfter) = Validity(pair.Root, request.Id, ttl);
        return [SvidCertificate.Leaf(pair.Root, pair.Key, request.PublicKey, request.Id, notBefore, notAfter)];
    }

    /// <summary>Fresh SVIDs for one id from this authority, as an emitter wants them.</summary>
    public ISvidSource SourceFor(SpiffeId id, TimeSpan? ttl = null) => new AuthoritySource(this, id, ttl ?? DefaultTtl);

    /// <summary>Frees the keys.</summary>
    public void Dispose()
    {
        foreach (var part in _replaced)
        {
            part.Dispose();
        }

        _pair.Dispose();
    }

    /// <summary>The key and certificate in a directory, after a change of keys that was cut short is brought to its end.</summary>
    internal static Pair ReadPair(string directory)
    {
        var (keyPath, certificatePath) = (Path.Combine(directory, KeyFile), Path.Combine(directory, CertificateFile));
        for (var settled = false; ; settled = true)
        {
            DurableFile.RequireOwnerOnly(keyPath);
            var pair = new Pair(ReadKey(keyPath), X509Certificate2.CreateFromPem(File.ReadAllText(certificatePath)));
            using var certified = pair.Root.GetECDsaPublicKey();
            if (certified is not null && certified.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(pair.Key.ExportSubjectPublicKeyInfo()))
            {
                return pair;
            }

            pair.Dispose();
            if (settled || !RootRotation.Settle(directory))
            {
                throw new AuthorityException($"{keyPath} is not the key of {certificatePath}");
            }
        }
    }

    // Processes hold an authority open for days: the files' times tell that another one gave it a new key.
    private Pair Present()
    {
        lock (_turn)
        {
            if (Stamp(_directory) is var stamp && stamp != _stamp)
            {
                try
                {
                    var pair = ReadPair(_directory);
                    _replaced.Add(_pair); // others may be signing with it
                    (_pair, _stamp) = (pair, stamp); // the files' times of before they were read: a later change shows
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
                {
                    throw new AuthorityException($"the authority in {_directory} was changed and can't be read again: {e.Message}", e);
                }
            }

            return _pair;
        }
    }

    private static (DateTime, DateTime) Stamp(string directory) =>
        (File.GetLastWriteTimeUtc(Path.Combine(directory, KeyFile)), File.GetLastWriteTimeUtc(Path.Combine(directory, CertificateFile)));

    private static bool Exists(string directory) => File.Exists(Path.Combine(directory, KeyFile));

    internal static FileLock Guard(string directory)
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

            var root = MakeRoot(key, trustDomain, time);
            DurableFile.Write(certificatePath, Encoding.ASCII.GetBytes(root.ExportCertificatePem() + "\n"));
            return new LocalAuthority(directory, new Pair(key, root), Stamp(directory), trustDomain, time);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AuthorityException($"the authority's files can't be written in {directory}: {e.Message}", e);
        }
    }

    /// <summary>A self-signed root over a key, good for ten years from now on.</summary>
    internal static X509Certificate2 MakeRoot(ECDsa key, string trustDomain, TimeProvider time)
    {
        var now = Truncate(time.GetUtcNow());
        return SvidCertificate.Root(key, trustDomain, now - Backdating, now.AddYears(10));
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

    private void RefuseRevoked(Digest key)
    {
        if (RevokedKeys.Read(_directory).FirstOrDefault(one => one.Key == key) is { } refused)
        {
            throw new KeyRevokedException(key, refused.Emitter);
        }
    }

    private (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Validity(X509Certificate2 root, SpiffeId id, TimeSpan ttl)
    {
        if (id.TrustDomain != TrustDomain || id.Path.Length == 0)
        {
            throw new AuthorityException($"no SVID for \"{id}\"; expected an id of the form spiffe://{TrustDomain}/PATH");
        }

        var now = Truncate(_time.GetUtcNow());
        var (end, rootEnd) = (now + ttl, new DateTimeOffset(root.NotAfter.ToUniversalTime()));
        return ttl <= TimeSpan.Zero || now >= rootEnd
            ? throw new AuthorityException($"no SVID for {id}: asked for a lifetime of {ttl}, and the root ends at {rootEnd:u}")
            : (now - Backdating, end < rootEnd ? end : rootEnd);
    }

    // X.509 times have whole seconds.
    private static DateTimeOffset Truncate(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    /// <summary>An authority's key and the certificate over it.</summary>
    internal sealed record Pair(ECDsa Key, X509Certificate2 Root) : IDisposable
    {
        public void Dispose()
        {
            Key.Dispose();
            Root.Dispose();
        }
    }

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
public class AuthorityException(string message, Exception? innerException = null) : Exception(message, innerException);
