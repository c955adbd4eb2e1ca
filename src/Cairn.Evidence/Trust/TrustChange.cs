using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>
/// The <c>ledger</c> member of a <c>ledger.trust_changed</c> record about a trust bundle (docs/spec/records.md §8): from its
/// place in the ledger on, these and no other roots are the trust domain's.
/// </summary>
/// <param name="TrustDomain">The trust domain.</param>
/// <param name="Old">SHA-256 of the bundle document that it takes the place of; null when it is the first.</param>
/// <param name="Document">The SPIFFE bundle document (a JWK Set), as the operator had it.</param>
/// <param name="By">Who did it.</param>
/// <param name="Reason">Why: <c>first</c>, <c>rotation</c>, <c>removal</c>, <c>federation</c>, or the operator's own words.</param>
/// <exception cref="EvidenceFormatException">The document is not a SPIFFE bundle with certificates that can be read.</exception>
public sealed record TrustChange(string TrustDomain, Digest? Old, ReadOnlyMemory<byte> Document, string By, string Reason)
{
    private const int MostRoots = 64;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>SHA-256 of the document: the record's member <c>new</c>.</summary>
    public Digest New => Digest.Sha256(Document.Span);

    /// <summary>The document's X.509 roots, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Roots { get; } = RootsOf(Document);

    /// <summary>Reads a record's own member; null when the record speaks of something else than a trust bundle (no <c>bundle</c>).</summary>
    /// <exception cref="EvidenceFormatException">It has another form, or <c>new</c> is not the document's hash.</exception>
    public static TrustChange? Parse(JsonElement ledger)
    {
        if (ledger.ValueKind != JsonValueKind.Object || !ledger.TryGetProperty("bundle", out _))
        {
            return null;
        }

        var document = CanonicalBase64.Decode(Text(ledger, "bundle") ?? throw new EvidenceFormatException("trust change, bundle: expected a text, base64 of a SPIFFE bundle document"), "trust change, bundle");
        var domain = Text(ledger, "trust_domain");
        if (!SpiffeId.TryParse($"spiffe://{domain}", out var id) || id.TrustDomain != domain)
        {
            throw new EvidenceFormatException($"trust change, trust_domain: expected a trust domain's name, found \"{Hex.Excerpt(domain ?? "")}\"");
        }

        var change = new TrustChange(domain, ledger.TryGetProperty("old", out _) ? Hash(ledger, "old") : null, document, Text(ledger, "by") ?? "", Text(ledger, "reason") ?? "");
        return Hash(ledger, "new") == change.New
            ? change
            : throw new EvidenceFormatException($"trust change, new: expected the SHA-256 {change.New} of its bundle, found {Hash(ledger, "new")}");
    }

    /// <summary>Writes the members of the record's own object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteString("by", By);
        json.WriteString("trust_domain", TrustDomain);
        if (Old is { } old)
        {
            json.WriteString("old", $"sha256:{old}");
        }

        json.WriteString("new", $"sha256:{New}");
        json.WriteString("reason", Reason);
        json.WriteString("bundle", Convert.ToBase64String(Document.Span));
    }

    // SPIFFE X509-SVID §6.2: keys of use "x509-svid", each with its certificate as the first value of x5c.
    private static List<ReadOnlyMemory<byte>> RootsOf(ReadOnlyMemory<byte> document)
    {
        try
        {
            using var json = JsonDocument.Parse(document, Strict);
            var roots = new List<ReadOnlyMemory<byte>>();
            foreach (var key in json.RootElement.GetProperty("keys").EnumerateArray())
            {
                if (Text(key, "use") == "x509-svid")
                {
                    var der = CanonicalBase64.Decode(key.GetProperty("x5c")[0].GetString() ?? "", "trust change, x5c");
                    Statements.DerCertificate.Load(der).Dispose();
                    roots.Add(der);
                }
            }

            return roots.Count <= MostRoots ? roots : throw new EvidenceFormatException($"trust change, bundle: expected at most {MostRoots} roots, found {roots.Count}");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or CryptographicException or FormatException and not EvidenceFormatException)
        {
            throw new EvidenceFormatException($"trust change, bundle: expected a SPIFFE bundle document, found other bytes ({error.Message})", error);
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Digest Hash(JsonElement ledger, string name)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        return Text(ledger, name) is { Length: 71 } text && text.StartsWith("sha256:", StringComparison.Ordinal) && Hex.TryDecode(text.AsSpan(7), bytes)
            ? new Digest(bytes)
            : throw new EvidenceFormatException($"trust change, {name}: expected sha256: and 64 hexadecimal digits");
    }
}
