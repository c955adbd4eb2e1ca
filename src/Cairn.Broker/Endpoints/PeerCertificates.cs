using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Cairn.Broker.Endpoints;

/// <summary>
/// The certificates that TLS clients show. TLS itself takes any, or none: who may come in is decided afterwards, by the
/// trust bundles, with an answer that says why. What came along with a leaf is kept as long as the leaf's connection.
/// </summary>
internal static class PeerCertificates
{
    private static readonly ConditionalWeakTable<X509Certificate2, IReadOnlyList<ReadOnlyMemory<byte>>> Chains = [];

    public static void Accept(HttpsConnectionAdapterOptions tls)
    {
        tls.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        tls.CheckCertificateRevocation = false; // SVIDs are short-lived and have no revocation lists
        tls.ClientCertificateValidation = (leaf, chain, _) =>
        {
            Chains.AddOrUpdate(leaf, [leaf.RawData, .. (chain?.ChainPolicy.ExtraStore ?? []).Where(c => !c.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span)).Select(c => (ReadOnlyMemory<byte>)c.RawData)]);
            return true;
        };
    }

    /// <summary>What the client of a request showed, DER, leaf first; empty: nothing.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Of(HttpContext context) => context.Connection.ClientCertificate is not { } leaf
        ? []
        : Chains.TryGetValue(leaf, out var chain) ? chain : [leaf.RawData];
}
