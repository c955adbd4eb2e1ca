using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Identity;

/// <summary>
/// Gives an authority a new key, in steps between which its caller tells everybody who verifies: announce the new root →
/// (record it) → promote it, so that it signs → (wait until the old SVIDs have ended) → remove the old root → (record it).
/// Each step is whole or not there, and can be asked for again.
/// </summary>
public static class RootRotation
{
    private const string NextKeyFile = "ca.next.key.pem";
    private const string NextCertificateFile = "ca.next.cert.pem";

    /// <summary>Makes the successor's key and root, which joins the trust bundle and signs nothing yet. An announced one is given back.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AuthorityException">The files can't be read or written.</exception>
    public static AuthorityRoot Announce(string directory, TimeProvider? time = null) => Locked(directory, () =>
    {
        time ??= TimeProvider.System;
        using var authority = LocalAuthority.Open(directory, time: time);
        var (sequence, roots) = RootsFile.Read(directory) ?? (1, authority.Roots);
        if (roots.FirstOrDefault(root => root.State == RootState.Announced) is { } announced)
        {
            return announced;
        }

        // Key, certificate, list: the list makes it count, so a key without it is one that nobody has heard of.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = LocalAuthority.MakeRoot(key, authority.TrustDomain, time);
        DurableFile.Write(Path.Combine(directory, NextKeyFile), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        DurableFile.Write(Path.Combine(directory, NextCertificateFile), Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"));
        var next = new AuthorityRoot(certificate.RawData, RootState.Announced, time.GetUtcNow());
        RootsFile.Write(directory, sequence + 1, [.. roots, next]);
        return next;
    });

    /// <summary>From now on the announced root signs; the one before it is retiring, and its key is gone.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AuthorityException">No root is announced, or the files can't be written.</exception>
    public static void Promote(string directory, TimeProvider? time = null) => Locked(directory, () =>
    {
        var now = (time ?? TimeProvider.System).GetUtcNow();
        var (sequence, roots) = RootsFile.Read(directory) ?? (1, []);
        if (roots.All(root => root.State != RootState.Announced))
        {
            throw new AuthorityException($"the authority in {directory} has announced no root; expected one to be announced before it signs");
        }

        // The list first: were the key to change before it, a crash between would leave a signing root "announced".
        // The bundle is the same before and after, so nobody who verifies notices the order.
        RootsFile.Write(directory, sequence, roots.Select(root => root.State switch
        {
            RootState.Announced => root with { State = RootState.Issuing, Since = now },
            RootState.Issuing => root with { State = RootState.Retiring, Since = now },
            _ => root,
        }));
        TakeNext(directory);
        return true;
    });

    /// <summary>Takes a root out of the trust bundle.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="thumbprint">SHA-256 of its certificate.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AuthorityException">There is none such, or it is the one that signs.</exception>
    public static AuthorityRoot Remove(string directory, Digest thumbprint, TimeProvider? time = null) => Locked(directory, () =>
    {
        using var authority = LocalAuthority.Open(directory, time: time);
        var (sequence, roots) = RootsFile.Read(directory) ?? (1, authority.Roots);
        var root = roots.FirstOrDefault(one => one.Thumbprint == thumbprint)
            ?? throw new AuthorityException($"the authority in {directory} has no root {thumbprint}; it has {string.Join(", ", roots.Select(one => one.Thumbprint))}");
        if (root.State != RootState.Retiring)
        {
            throw new AuthorityException($"the root {thumbprint} is {root.State.ToString().ToLowerInvariant()}; only one that another has taken the place of can be removed");
        }

        var removed = root with { State = RootState.Removed, Since = (time ?? TimeProvider.System).GetUtcNow() };
        RootsFile.Write(directory, sequence + 1, roots.Select(one => one.Thumbprint == thumbprint ? removed : one));
        return removed;
    });

    /// <summary>Ends a promotion that was cut short between the two files; false when there was none.</summary>
    internal static bool Settle(string directory)
    {
        using var guard = LocalAuthority.Guard(directory);
        return TakeNext(directory);
    }

    // Both files stay until both are in place, so that a crash at any point leaves what is needed to go on.
    private static bool TakeNext(string directory)
    {
        var (key, certificate) = (Path.Combine(directory, NextKeyFile), Path.Combine(directory, NextCertificateFile));
        if (!File.Exists(key) || !File.Exists(certificate))
        {
            return false;
        }

        DurableFile.Write(Path.Combine(directory, LocalAuthority.KeyFile), File.ReadAllBytes(key));
        DurableFile.Write(Path.Combine(directory, LocalAuthority.CertificateFile), File.ReadAllBytes(certificate));
        File.Delete(key);
        File.Delete(certificate);
        DurableFile.SyncDirectory(directory);
        return true;
    }

    private static T Locked<T>(string directory, Func<T> step)
    {
        try
        {
            FinishPromotion(directory);
            using var guard = LocalAuthority.Guard(directory);
            return step();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AuthorityException($"the authority in {directory} can't change its key: {e.Message}", e);
        }
    }

    // A crash after the list was written and before any key file was: the list says that the next root issues.
    private static void FinishPromotion(string directory)
    {
        using var guard = LocalAuthority.Guard(directory);
        var next = Path.Combine(directory, NextCertificateFile);
        if (File.Exists(next) && RootsFile.Read(directory) is { } known)
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(next));
            if (known.Roots.Any(root => root.State is RootState.Issuing && root.Certificate.AsSpan().SequenceEqual(certificate.RawData)))
            {
                TakeNext(directory);
            }
        }
    }
}
