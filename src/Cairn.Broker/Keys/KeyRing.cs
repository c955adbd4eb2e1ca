using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Cairn.Broker.Tokens;
using Cairn.Identity.Files;

namespace Cairn.Broker.Keys;

/// <summary>One signing key, P-256.</summary>
/// <param name="Created">Since when it signs.</param>
/// <param name="Key">The private key.</param>
/// <param name="Public">The public half; <c>kid</c> is its thumbprint (RFC 7638).</param>
internal sealed record SigningKey(DateTimeOffset Created, ECDsa Key, PublicJwk Public);

/// <summary>
/// The keys that tokens are signed with: files of mode 0600, one for each, named by the time of their making. The newest
/// signs; an older one is published and accepted until the last token that it can have signed is over, then its file goes.
/// Processes on one directory see each other's keys. Safe for several threads.
/// </summary>
internal sealed class KeyRing
{
    private readonly string _folder;
    private readonly TimeSpan _lifetime;
    private readonly TimeSpan _longestToken;
    private readonly Lock _gate = new();
    private IReadOnlyList<SigningKey> _keys = [];
    private DateTimeOffset _read;

    private KeyRing(string folder, TimeSpan lifetime, TimeSpan longestToken) => (_folder, _lifetime, _longestToken) = (folder, lifetime, longestToken);

    /// <summary>Opens the ring, making the first key where there is none.</summary>
    public static KeyRing Open(string folder, TimeSpan lifetime, TimeSpan longestToken, DateTimeOffset now)
    {
        DurableFile.CreateDirectory(folder);
        var ring = new KeyRing(folder, lifetime, longestToken);
        ring.Refresh(now);
        return ring;
    }

    /// <summary>The key to sign with.</summary>
    public SigningKey Current(DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_keys is [] || _keys[^1].Created + _lifetime <= now || now - _read > TimeSpan.FromMinutes(1))
            {
                Refresh(now);
            }

            return _keys[^1];
        }
    }

    /// <summary>The key with that <c>kid</c>; null: none that is still accepted.</summary>
    public SigningKey? Find(string? kid, DateTimeOffset now)
    {
        lock (_gate)
        {
            var found = _keys.FirstOrDefault(k => k.Public.KeyId == kid);
            if (found is null && now - _read > TimeSpan.FromSeconds(1))
            {
                Refresh(now); // another process may have made one
                found = _keys.FirstOrDefault(k => k.Public.KeyId == kid);
            }

            return found;
        }
    }

    /// <summary>Every key that tokens may still be signed by.</summary>
    public IReadOnlyList<PublicJwk> Published(DateTimeOffset now)
    {
        _ = Current(now);
        lock (_gate)
        {
            return [.. _keys.Select(k => k.Public)];
        }
    }

    /// <summary>Makes a new key now; it signs from here on.</summary>
    public void Rotate(DateTimeOffset now)
    {
        lock (_gate)
        {
            using (FileLock.Take(Path.Combine(_folder, "keys.lock"), TimeSpan.FromSeconds(10)))
            {
                Make(now);
            }

            Refresh(now);
        }
    }

    private void Refresh(DateTimeOffset now)
    {
        using (FileLock.Take(Path.Combine(_folder, "keys.lock"), TimeSpan.FromSeconds(10)))
        {
            var keys = Load();
            if (keys is [] || keys[^1].Created + _lifetime <= now)
            {
                Make(now);
                keys = Load();
            }

            // A key signed until its successor was made; its last token may live for the longest lifetime after that, and
            // other processes may have taken a minute to see the successor.
            for (var i = 0; i < keys.Count - 1; i++)
            {
                if (keys[i + 1].Created + _longestToken + TimeSpan.FromMinutes(2) < now)
                {
                    File.Delete(NameOf(keys[i]));
                    keys[i].Key.Dispose();
                    keys.RemoveAt(i--);
                }
            }

            // Those already held stay the same objects: somebody may be signing with one.
            _keys = [.. keys.Select(k => _keys.FirstOrDefault(held => held.Public.KeyId == k.Public.KeyId) ?? k)];
            _read = now;
        }
    }

    private List<SigningKey> Load()
    {
        var keys = new List<SigningKey>();
        foreach (var path in Directory.EnumerateFiles(_folder, "*.pem"))
        {
            try
            {
                DurableFile.RequireOwnerOnly(path);
                var key = ECDsa.Create();
                key.ImportFromPem(File.ReadAllText(path));
                var created = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(Path.GetFileName(path).Split('-', 2)[0], System.Globalization.CultureInfo.InvariantCulture));
                keys.Add(new SigningKey(created, key, PublicJwk.Of(key, PublicJwk.Of(key).Thumbprint)));
            }
            catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException or IOException)
            {
                throw new BrokerException($"{path} is no signing key of a broker: {e.Message}", e);
            }
        }

        keys.Sort((a, b) => a.Created.CompareTo(b.Created));
        return keys;
    }

    private void Make(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DurableFile.Write(NameOf(new SigningKey(now, key, PublicJwk.Of(key))), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
    }

    private string NameOf(SigningKey key) =>
        Path.Combine(_folder, $"{key.Created.ToUnixTimeMilliseconds()}-{Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(key.Public.Thumbprint)).AsSpan(0, 6))}.pem");
}
