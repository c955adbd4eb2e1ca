using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Identity.Bundles;

/// <summary>
/// What authenticates one trust domain: its X.509 roots and its JWT keys (SPIFFE Trust Domain and Bundle §4). An empty one
/// means that nothing of the domain is to be believed.
/// </summary>
public sealed record TrustBundle
{
    /// <summary>A bundle.</summary>
    /// <exception cref="EvidenceFormatException">The name is not a trust domain's.</exception>
    public TrustBundle(string trustDomain)
    {
        TrustDomain = SpiffeId.TryParse($"spiffe://{trustDomain}", out var id) && id.Path.Length == 0
            ? trustDomain
            : throw new EvidenceFormatException($"\"{trustDomain}\" is not a trust domain's name; expected at most 255 of a-z 0-9 . _ -");
    }

    /// <summary>The trust domain's name, such as <c>example.org</c>.</summary>
    public string TrustDomain { get; }

    /// <summary>Root certificates, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> X509Authorities { get; init; } = [];

    /// <summary>Keys that sign JWT-SVIDs; no two with one id.</summary>
    public IReadOnlyList<JwtAuthority> JwtAuthorities { get; init; } = [];

    /// <summary><c>spiffe_sequence</c>: grows with each change; null: not given.</summary>
    public long? Sequence { get; init; }

    /// <summary><c>spiffe_refresh_hint</c>: how often to look again; null: not given.</summary>
    public TimeSpan? RefreshHint { get; init; }

    /// <summary>Reads a SPIFFE bundle (a JWK Set). Keys of unknown type or use are left out, as §4.2 asks.</summary>
    /// <exception cref="EvidenceFormatException">It is not a JWK Set, or a key of a known use is not what it should be.</exception>
    public static TrustBundle Parse(string trustDomain, ReadOnlySpan<byte> json) => TrustBundleJson.Read(new TrustBundle(trustDomain), json, isJwtOnly: false);

    /// <summary>Reads the plain JWK Set that a Workload API sends as JWT bundle: all its keys are for JWT-SVIDs, whether <c>use</c> says so or nothing.</summary>
    /// <exception cref="EvidenceFormatException">As <see cref="Parse"/>.</exception>
    public static TrustBundle ParseJwtKeys(string trustDomain, ReadOnlySpan<byte> json) => TrustBundleJson.Read(new TrustBundle(trustDomain), json, isJwtOnly: true);

    /// <summary>The SPIFFE bundle, UTF-8 JSON.</summary>
    public byte[] Encode() => TrustBundleJson.Write(this, isJwtOnly: false);

    /// <summary>The JWT keys alone, as a Workload API sends them.</summary>
    public byte[] EncodeJwtKeys() => TrustBundleJson.Write(this, isJwtOnly: true);
}

/// <summary>The trust bundles that somebody believes, by trust domain.</summary>
public sealed class TrustBundleSet
{
    private readonly Dictionary<string, TrustBundle> _bundles = new(StringComparer.Ordinal);

    /// <summary>A set; of two bundles of one trust domain the later counts.</summary>
    public TrustBundleSet(params IEnumerable<TrustBundle> bundles)
    {
        foreach (var bundle in bundles)
        {
            _bundles[bundle.TrustDomain] = bundle;
        }
    }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<TrustBundle> All => _bundles.Values;

    /// <summary>The bundle of a trust domain; null when there is none.</summary>
    public TrustBundle? For(string trustDomain) => _bundles.GetValueOrDefault(trustDomain);
}
