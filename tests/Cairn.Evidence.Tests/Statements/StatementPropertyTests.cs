using System.Security.Cryptography;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using CsCheck;
using NSec.Cryptography;

namespace Cairn.Evidence.Tests.Statements;

/// <summary>Laws of statements.</summary>
public class StatementPropertyTests
{
    private static readonly SpiffeId Issuer = SpiffeId.Parse("spiffe://example.org/agent/a");

    private static readonly Gen<Digest> Digests = Gen.Byte.Array[32].Select(bytes => new Digest(bytes));

    private static readonly Gen<StatementPayload> Payloads =
        from stream in Gen.Byte.Array[16]
        from seq in Gen.OneOf(Gen.Const(0L), Gen.Long[0, 300], Gen.Long[0, long.MaxValue])
        from previous in Digests.Where(digest => digest != default)
        from count in Gen.OneOf(Gen.Int[1, 300], Gen.Int[1, StatementPayload.MaxRecords])
        from root in Digests
        from known in Gen.Select(Gen.Long[0, long.MaxValue], Digests, (size, head) => new TreeHead(size, head))
        from knows in Gen.Bool
        select new StatementPayload(StreamId.FromBytes(stream), seq, seq == 0 ? default : previous, count, root, knows ? known : null);

    [Fact]
    public void Signed_payload_is_read_back_as_it_was()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ed25519 = Key.Create(SignatureAlgorithm.Ed25519);
        using var byEcdsa = StatementSigner.WithKey(Issuer, ecdsa);
        using var byEd25519 = StatementSigner.WithKey(Issuer, ed25519);
        using var ecdsaKey = StatementKey.FromSpki(ecdsa.ExportSubjectPublicKeyInfo());
        using var ed25519Key = StatementKey.FromSpki(Ed25519Spki.Write(ed25519.PublicKey.Export(KeyBlobFormat.RawPublicKey)));
        Gen.Select(Payloads, Gen.Bool).Sample((payload, classic) =>
        {
            var statement = SignedStatement.Decode((classic ? byEcdsa : byEd25519).Sign(payload, false).Bytes);
            Assert.Equal(payload, statement.Payload);
            Assert.True(statement.Verify(classic ? ecdsaKey : ed25519Key));
        }, iter: 300);
    }

    [Theory]
    [InlineData(StatementAlgorithm.ES256)]
    [InlineData(StatementAlgorithm.EdDSA)]
    public void Statement_with_any_single_bit_flipped_is_refused_by_decoding_or_by_verifying(StatementAlgorithm algorithm)
    {
        using var root = TestAuthority.Root();
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ed25519 = Key.Create(SignatureAlgorithm.Ed25519);
        using var signer = algorithm == StatementAlgorithm.ES256
            ? StatementSigner.WithSvid(Issuer, ecdsa, [TestAuthority.Leaf(root, ecdsa)])
            : StatementSigner.WithKey(Issuer, ed25519);
        var statement = signer.Sign(SignedStatementTests.Payload(5), includeChain: false);
        using var key = algorithm == StatementAlgorithm.ES256
            ? StatementKey.FromCertificate(signer.Sign(SignedStatementTests.Payload(), true).X5Chain[0].Span)
            : StatementKey.FromSpki(Ed25519Spki.Write(ed25519.PublicKey.Export(KeyBlobFormat.RawPublicKey)));
        Assert.True(statement.Verify(key));

        for (var bit = 0; bit < statement.Bytes.Length * 8; bit++)
        {
            var altered = statement.Bytes.ToArray();
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Accepts(altered, key), $"bit {bit}");
        }
    }

    [Fact]
    public void Statement_cut_anywhere_is_refused()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = StatementSigner.WithKey(Issuer, ecdsa);
        var bytes = signer.Sign(SignedStatementTests.Payload(), true).Bytes;

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<EvidenceFormatException>(() => SignedStatement.Decode(bytes[..length]));
        }
    }

    [Fact]
    public void Statement_with_bytes_replaced_at_random_is_read_or_refused_and_nothing_else()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = StatementSigner.WithKey(Issuer, ecdsa);
        using var key = StatementKey.FromSpki(ecdsa.ExportSubjectPublicKeyInfo());
        var bytes = signer.Sign(SignedStatementTests.Payload(5), true).Bytes.ToArray();
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte.Array[1, 8]).Sample((at, patch) =>
        {
            byte[] altered = [.. bytes[..at], .. patch, .. bytes[Math.Min(bytes.Length, at + patch.Length)..]];
            Assert.True(altered.AsSpan().SequenceEqual(bytes) || !Accepts(altered, key));
        }, iter: 5000);
    }

    [Fact]
    public void Random_bytes_are_refused_and_nothing_else() =>
        Gen.Byte.Array[0, 200].Sample(bytes => Assert.Throws<EvidenceFormatException>(() => SignedStatement.Decode(bytes)));

    [Fact]
    public void Statement_beyond_the_entry_limit_is_refused_when_signed_and_when_read()
    {
        using var root = TestAuthority.Root();
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = StatementSigner.WithSvid(Issuer, ecdsa, [TestAuthority.Leaf(root, ecdsa), new byte[65000]]);

        var error = Assert.Throws<EvidenceFormatException>(() => signer.Sign(SignedStatementTests.Payload(), true));

        Assert.Contains("at most 65535 bytes", error.Message, StringComparison.Ordinal);
        Assert.Throws<EvidenceFormatException>(() => SignedStatement.Decode(new byte[65536]));
    }

    [Fact]
    public void Signer_is_refused_when_the_certificate_is_of_another_key()
    {
        using var root = TestAuthority.Root();
        using var mine = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Assert.Throws<ArgumentException>(() => StatementSigner.WithSvid(Issuer, mine, [TestAuthority.Leaf(root, another)]));
        Assert.Throws<ArgumentException>(() => StatementSigner.WithKey(Issuer, p384));
        Assert.Throws<EvidenceFormatException>(() => StatementKey.FromSpki(p384.ExportSubjectPublicKeyInfo()));
    }

    [Fact]
    public void Key_gives_the_same_answers_to_several_threads_at_once()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = StatementSigner.WithKey(Issuer, ecdsa);
        using var key = StatementKey.FromSpki(ecdsa.ExportSubjectPublicKeyInfo());
        SignedStatement[] good = [.. Enumerable.Range(0, 8).Select(_ => signer.Sign(SignedStatementTests.Payload(5), true))];
        SignedStatement[] bad = [.. good.Select(statement =>
        {
            var altered = statement.Bytes.ToArray();
            altered[^40] ^= 1;
            return SignedStatement.Decode(altered);
        })];

        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            Assert.True(good[i % 8].Verify(key));
            Assert.False(bad[i % 8].Verify(key));
        });
    }

    [Fact]
    public void Key_cache_returns_one_key_for_a_certificate_and_forgets_when_full()
    {
        using var root = TestAuthority.Root();
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[][] leaves = [.. Enumerable.Range(0, 3).Select(_ => TestAuthority.Leaf(root, ecdsa))];
        var cache = new StatementKeyCache(capacity: 2);

        var first = cache.ForCertificate(leaves[0]);

        Assert.Same(first, cache.ForCertificate(leaves[0]));
        Assert.True(cache.TryGet(Digest.Sha256(leaves[0]), out var found) && found == first);
        _ = cache.ForCertificate(leaves[1]);
        _ = cache.ForCertificate(leaves[2]);
        Assert.False(cache.TryGet(Digest.Sha256(leaves[0]), out _));
    }

    private static bool Accepts(byte[] bytes, StatementKey key)
    {
        try
        {
            return SignedStatement.Decode(bytes).Verify(key);
        }
        catch (EvidenceFormatException)
        {
            return false;
        }
    }
}
