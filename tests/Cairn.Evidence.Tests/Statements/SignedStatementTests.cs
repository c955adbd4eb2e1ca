using System.Security.Cryptography;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using NSec.Cryptography;

namespace Cairn.Evidence.Tests.Statements;

public class SignedStatementTests
{
    private static readonly SpiffeId Issuer = SpiffeId.Parse("spiffe://example.org/agent/a");

    internal static StatementPayload Payload(long seq = 0) => new(
        StreamId.Parse("00112233445566778899aabbccddeeff"), seq, seq == 0 ? default : Digest.Sha256("previous"u8), 3,
        Digest.Sha256("root"u8), seq == 0 ? null : new TreeHead(70000, Digest.Sha256("head"u8)));

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Statement_with_an_svid_verifies_under_its_certificate(long seq, bool includeChain)
    {
        using var root = TestAuthority.Root();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = TestAuthority.Leaf(root, key);
        using var signer = StatementSigner.WithSvid(Issuer, key, [leaf]);

        var statement = SignedStatement.Decode(signer.Sign(Payload(seq), includeChain).Bytes);

        using var certified = StatementKey.FromCertificate(leaf);
        Assert.True(statement.Verify(certified));
        Assert.Equal(Payload(seq), statement.Payload);
        Assert.Equal(Issuer, statement.Issuer);
        Assert.Equal(includeChain ? 1 : 0, statement.X5Chain.Count);
        Assert.Equal(Digest.Sha256(leaf), statement.X5t);
        Assert.Equal(Digest.Sha256(statement.Bytes.Span), statement.Hash);
        Assert.Equal(MerkleHash.Leaf(statement.Bytes.Span), statement.LeafHash);
    }

    [Fact]
    public void Statement_with_a_bare_key_verifies_under_it_and_no_other()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ed25519 = Key.Create(SignatureAlgorithm.Ed25519);
        using var byEcdsa = StatementSigner.WithKey(Issuer, ecdsa);
        using var byEd25519 = StatementSigner.WithKey(Issuer, ed25519);
        using var ecdsaKey = StatementKey.FromSpki(ecdsa.ExportSubjectPublicKeyInfo());
        using var ed25519Key = StatementKey.FromSpki(Ed25519Spki.Write(ed25519.PublicKey.Export(KeyBlobFormat.RawPublicKey)));

        var es256 = byEcdsa.Sign(Payload(), true);
        var eddsa = byEd25519.Sign(Payload(), true);

        Assert.True(es256.Verify(ecdsaKey));
        Assert.True(eddsa.Verify(ed25519Key));
        Assert.False(es256.Verify(ed25519Key));
        Assert.False(eddsa.Verify(ecdsaKey));
        Assert.Equal(ecdsaKey.Thumbprint.ToArray(), es256.KeyId!.Value.ToArray());
    }
}
