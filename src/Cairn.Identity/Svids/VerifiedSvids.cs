using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Identity.Svids;

/// <summary>An X.509-SVID that was checked. It says who the certificate is of; that the peer holds its key is TLS's or a signature's business.</summary>
/// <param name="Id">The workload.</param>
/// <param name="Leaf">The leaf certificate, DER.</param>
/// <param name="NotBefore">Start of the leaf's validity.</param>
/// <param name="NotAfter">End of the leaf's validity.</param>
public sealed record VerifiedX509Svid(SpiffeId Id, ReadOnlyMemory<byte> Leaf, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>SHA-256 of the leaf's DER: the <c>x5t#S256</c> of certificate-bound tokens (RFC 8705 §3.1).</summary>
    public Digest Thumbprint => Digest.Sha256(Leaf.Span);
}

/// <summary>A JWT-SVID that was checked: a bearer token, so whoever shows it is taken for <paramref name="Id"/> until it ends.</summary>
/// <param name="Id">The <c>sub</c> claim.</param>
/// <param name="Audience">All values of <c>aud</c>.</param>
/// <param name="Expires">The <c>exp</c> claim.</param>
/// <param name="KeyId">The <c>kid</c> of the key that signed it.</param>
/// <param name="Claims">All claims, a JSON object.</param>
public sealed record VerifiedJwtSvid(SpiffeId Id, IReadOnlyList<string> Audience, DateTimeOffset Expires, string KeyId, JsonElement Claims)
{
    /// <summary>The <c>jti</c> claim, where there is one.</summary>
    public string? TokenId => Claims.TryGetProperty("jti", out var jti) && jti.ValueKind == JsonValueKind.String ? jti.GetString() : null;
}
