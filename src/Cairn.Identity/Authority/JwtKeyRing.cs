using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Identity.Files;

namespace Cairn.Identity;

/// <summary>
/// The keys that sign JWT-SVIDs of a trust domain, P-256 with ES256, in <c>jwt.keys.json</c> (0600) beside the authority.
/// A new key is published a while before it signs, and stays published until the last token of its has ended.
/// </summary>
public sealed class JwtKeyRing
{
    /// <summary>File name of the keys, mode 0600.</summary>
    public const string FileName = "jwt.keys.json";

    /// <summary>The longest that a JWT-SVID of this authority lasts: it is a bearer token.</summary>
    public static readonly TimeSpan MaxTtl = TimeSpan.FromHours(1);

    // Those who verify fetch bundles now and then: a key signs only after they had this long to learn of it.
    private static readonly TimeSpan Notice = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(30);

    private readonly string _path;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _time;

    /// <summary>The keys in a directory; the first is made when one is asked for.</summary>
    /// <param name="directory">The authority's directory.</param>
    /// <param name="lifetime">How old the newest key may become before the next is made; null for a day.</param>
    /// <param name="time">The clock.</param>
    public JwtKeyRing(string directory, TimeSpan? lifetime = null, TimeProvider? time = null) =>
        (_path, _lifetime, _time) = (Path.Combine(directory, FileName), lifetime ?? TimeSpan.FromDays(1), time ?? TimeProvider.System);

    /// <summary>The public keys that a JWT-SVID may be signed with now, or soon.</summary>
    /// <exception cref="AuthorityException">The file can't be read or written.</exception>
    public IReadOnlyList<JwtAuthority> Published()
    {
        var authorities = new List<JwtAuthority>();
        foreach (var entry in Entries(makeNext: false))
        {
            using var key = entry.Open();
            authorities.Add(new JwtAuthority(entry.Id, key.ExportSubjectPublicKeyInfo()));
        }

        return authorities;
    }

    /// <summary>Makes the next key now; it signs once its notice has passed.</summary>
    /// <exception cref="AuthorityException">The file can't be read or written.</exception>
    public void Rotate() => Entries(makeNext: true);

    /// <summary>A JWT-SVID (SPIFFE JWT-SVID §3), with a random <c>jti</c>.</summary>
    /// <param name="id">The <c>sub</c>.</param>
    /// <param name="audience">The <c>aud</c>: one or more.</param>
    /// <param name="ttl">How long it lasts, at most <see cref="MaxTtl"/>.</param>
    /// <exception cref="AuthorityException">The keys can't be read or made.</exception>
    public string Issue(SpiffeId id, IReadOnlyList<string> audience, TimeSpan ttl)
    {
        ArgumentNullException.ThrowIfNull(audience);
        if (audience.Count == 0 || audience.Any(string.IsNullOrEmpty) || ttl <= TimeSpan.Zero)
        {
            throw new ArgumentException("a JWT-SVID has an audience, none of it empty, and lasts for a while", nameof(audience));
        }

        var now = _time.GetUtcNow();
        var entries = Entries(makeNext: false);
        var signer = entries.LastOrDefault(entry => entry.Made + Notice <= now) ?? entries[0];
        var issued = now.ToUnixTimeSeconds();
        var header = JsonSerializer.SerializeToUtf8Bytes(new { alg = "ES256", kid = signer.Id, typ = "JWT" });
        var claims = JsonSerializer.SerializeToUtf8Bytes(new
        {
            sub = id.ToString(),
            aud = audience,
            iat = issued,
            exp = issued + (long)Math.Ceiling((ttl < MaxTtl ? ttl : MaxTtl).TotalSeconds),
            jti = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
        });
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(claims)}";
        using var key = signer.Open();
        return $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    // Oldest first. Whoever asks first after the time is up makes the next key and drops those that no token needs.
    private List<Entry> Entries(bool makeNext)
    {
        try
        {
            var entries = Read();
            if (!makeNext && entries.Count > 0 && !IsDue(entries))
            {
                return entries;
            }

            using var guard = FileLock.Take(_path + ".lock", LockPatience);
            entries = Read();
            if (makeNext || entries.Count == 0 || IsDue(entries))
            {
                using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                var id = JwtAuthority.IdFor(key.ExportSubjectPublicKeyInfo());
                entries.Add(new Entry(id, key.ExportPkcs8PrivateKey(), _time.GetUtcNow()));
                entries.RemoveAll(entry => IsSpent(entry, entries));
                DurableFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new
                {
                    keys = entries.Select(entry => new { kid = entry.Id, pkcs8 = Convert.ToBase64String(entry.Pkcs8), made = entry.Made.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) }),
                }));
            }

            return entries;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException or CryptographicException)
        {
            throw new AuthorityException($"the JWT keys in {_path} can't be used: {e.Message}", e);
        }
    }

    private bool IsDue(List<Entry> entries) => _time.GetUtcNow() - entries[^1].Made >= _lifetime;

    private bool IsSpent(Entry entry, List<Entry> all) =>
        all.FirstOrDefault(other => other.Made > entry.Made) is { } successor && successor.Made + Notice + MaxTtl < _time.GetUtcNow();

    private List<Entry> Read()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        DurableFile.RequireOwnerOnly(_path);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(_path));
            return [.. json.RootElement.GetProperty("keys").EnumerateArray().Select(key => new Entry(
                key.GetProperty("kid").GetString()!,
                key.GetProperty("pkcs8").GetBytesFromBase64(),
                DateTimeOffset.Parse(key.GetProperty("made").GetString()!, CultureInfo.InvariantCulture)))];
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw new AuthorityException($"{_path} is not a list of JWT keys: {e.Message}", e);
        }
    }

    private sealed record Entry(string Id, byte[] Pkcs8, DateTimeOffset Made)
    {
        public ECDsa Open()
        {
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(Pkcs8, out _);
            return key;
        }
    }
}
