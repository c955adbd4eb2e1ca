using System.Security.Cryptography;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Bundles;

namespace Cairn.Workload;

/// <summary>What a Workload API says a process is, at one moment: all of it, and nothing that an earlier message said (SPIFFE_Workload_API.md §4.4).</summary>
/// <param name="Svids">The process's identities; the first is the default one (§5.3).</param>
/// <param name="Bundles">Whom to trust: the own trust domains, and those federated with.</param>
public sealed record X509Update(IReadOnlyList<WorkloadSvid> Svids, TrustBundleSet Bundles);

/// <summary>An X.509-SVID as a Workload API gave it, checked against the bundle that came along.</summary>
/// <param name="Id">The identity.</param>
/// <param name="Chain">DER certificates, leaf first.</param>
/// <param name="Key">The private key, PKCS#8 DER.</param>
/// <param name="NotBefore">Start of the leaf's validity.</param>
/// <param name="NotAfter">End of the leaf's validity.</param>
/// <param name="Hint">What the operator says it is for; empty when nothing.</param>
public sealed record WorkloadSvid(SpiffeId Id, IReadOnlyList<byte[]> Chain, ReadOnlyMemory<byte> Key, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string Hint)
{
    /// <summary>The SVID with its key opened, for who signs with it. The next one comes by itself, so that it is waited for from the start.</summary>
    /// <exception cref="SvidUnavailableException">The key is no P-256 key: statements are signed with ES256.</exception>
    public Svid Open()
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(Key.Span, out _);
            if (key.KeySize == 256)
            {
                return new Svid(Id, key, Chain, NotBefore, NotAfter) { RotateAt = NotBefore };
            }
        }
        catch (CryptographicException error)
        {
            key.Dispose();
            throw new SvidUnavailableException($"the Workload API gave {Id} a key that is not an EC key; statements are signed with P-256 keys (SPIRE: workload_x509_svid_key_type = \"ec-p256\")", error);
        }

        key.Dispose();
        throw new SvidUnavailableException($"the Workload API gave {Id} an EC key of {key.KeySize} bits; statements are signed with P-256 keys (SPIRE: workload_x509_svid_key_type = \"ec-p256\")");
    }

    /// <summary>Names the identity and its time, never the key.</summary>
    public override string ToString() => $"{Id} until {NotAfter:u}";
}

/// <summary>A JWT-SVID as a Workload API gave it.</summary>
/// <param name="Id">The identity.</param>
/// <param name="Token">The token: whoever has it can use it.</param>
/// <param name="Hint">What the operator says it is for; empty when nothing.</param>
public sealed record WorkloadJwtSvid(SpiffeId Id, string Token, string Hint)
{
    /// <summary>Names the identity, never the token.</summary>
    public override string ToString() => Id.ToString();
}
