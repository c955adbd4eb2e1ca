using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Tests.Statements;

/// <summary>Published answers that the building blocks of statements must give; each test names its source.</summary>
public class KnownAnswerTests
{
    /// <summary>RFC 8949 Appendix A, the integers, strings and arrays that deterministic encoding allows.</summary>
    [Theory]
    [InlineData("00", 0L)]
    [InlineData("01", 1L)]
    [InlineData("0a", 10L)]
    [InlineData("17", 23L)]
    [InlineData("1818", 24L)]
    [InlineData("1819", 25L)]
    [InlineData("1864", 100L)]
    [InlineData("1903e8", 1000L)]
    [InlineData("1a000f4240", 1000000L)]
    [InlineData("1b000000e8d4a51000", 1000000000000L)]
    [InlineData("20", -1L)]
    [InlineData("29", -10L)]
    [InlineData("3863", -100L)]
    [InlineData("3903e7", -1000L)]
    public void Cbor_integer_of_rfc_8949_appendix_a_is_read(string hex, long expected)
    {
        var cbor = new DeterministicCbor(Convert.FromHexString(hex), "test");
        Assert.Equal(expected, cbor.ReadInteger("integer"));
        cbor.End();
    }

    [Fact]
    public void Cbor_strings_arrays_and_maps_of_rfc_8949_appendix_a_are_read()
    {
        Assert.Equal([1, 2, 3, 4], Read("4401020304").ReadBytes("bytes").ToArray());
        Assert.Equal("", Read("60").ReadText("text"));
        Assert.Equal("IETF", Read("6449455446").ReadText("text"));
        Assert.Equal("\"\\", Read("62225c").ReadText("text"));
        Assert.Equal("ü", Read("62c3bc").ReadText("text"));
        Assert.Equal("水", Read("63e6b0b4").ReadText("text"));
        Assert.Equal("\ud800\udd51", Read("64f0908591").ReadText("text"));
        Assert.Equal(25, Read("98190102030405060708090a0b0c0d0e0f101112131415161718181819").ReadArray("array"));
        Assert.True(Read("f6").TryReadNull());
        var map = Read("a201020304");
        long? previous = null;
        Assert.Equal(2, map.ReadMap("map"));
        Assert.Equal((1, 2, 3, 4), (map.ReadKey(ref previous, "key"), map.ReadInteger("value"), map.ReadKey(ref previous, "key"), map.ReadInteger("value")));
    }

    /// <summary>RFC 8949 Appendix A and §4.2.1: well-formed CBOR that is not deterministic, or not well-formed (Appendix F).</summary>
    [Theory]
    [InlineData("1800", "shortest form")]
    [InlineData("1817", "shortest form")]
    [InlineData("190017", "shortest form")]
    [InlineData("1a0000ffff", "shortest form")]
    [InlineData("1b00000000ffffffff", "shortest form")]
    [InlineData("3800", "shortest form")]
    [InlineData("1bffffffffffffffff", "63 bits")]
    [InlineData("1f", "indefinite")]
    [InlineData("1c", "reserved")]
    [InlineData("18", "the end")]
    [InlineData("19ff", "the end")]
    [InlineData("", "the end")]
    [InlineData("40", "an unsigned integer")]
    [InlineData("f97e00", "an unsigned integer")]
    public void Cbor_that_is_not_deterministic_is_refused(string hex, string expected)
    {
        var error = Assert.Throws<EvidenceFormatException>(() => Read(hex).ReadInteger("integer"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5f42010243030405ff")]
    [InlineData("5bffffffffffffffff00")]
    [InlineData("4201")]
    [InlineData("580101")]
    public void Cbor_byte_string_that_is_indefinite_or_cut_is_refused(string hex) =>
        Assert.Throws<EvidenceFormatException>(() => Read(hex).ReadBytes("bytes"));

    [Theory]
    [InlineData("61ff")]
    [InlineData("63eda080")]
    [InlineData("7f657374726561646d696e67ff")]
    public void Cbor_text_that_is_not_utf8_or_indefinite_is_refused(string hex) =>
        Assert.Throws<EvidenceFormatException>(() => Read(hex).ReadText("text"));

    [Theory]
    [InlineData("a203040102")]
    [InlineData("a220010102")]
    [InlineData("a23b7fffffffffffffff012002")]
    public void Cbor_map_keys_out_of_order_are_refused(string hex)
    {
        var map = Read(hex);
        long? previous = null;
        _ = map.ReadMap("map");
        _ = map.ReadKey(ref previous, "key");
        _ = map.ReadInteger("value");
        Assert.Throws<EvidenceFormatException>(() => map.ReadKey(ref previous, "key"));
    }

    /// <summary>RFC 9052 Appendix C.2.1 (single ECDSA signature), with its key from Appendix C.7.1, kid "11".</summary>
    [Fact]
    public void Cose_sign1_of_rfc_9052_appendix_c_verifies()
    {
        var sigStructure = SignedStatement.SigStructure(Convert.FromHexString("a10126"), "This is the content."u8);
        Assert.Equal("846a5369676e61747572653143a101264054546869732069732074686520636f6e74656e742e", Convert.ToHexStringLower(sigStructure));
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint
            {
                X = Convert.FromHexString("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"),
                Y = Convert.FromHexString("20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"),
            },
        });
        using var key = StatementKey.FromSpki(ecdsa.ExportSubjectPublicKeyInfo());
        var signature = Convert.FromHexString(
            "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e"
            + "2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36");

        Assert.True(LowS.Is(signature));
        Assert.True(key.Verify(StatementAlgorithm.ES256, Digest.Sha256(sigStructure), null, signature));
        Assert.False(key.Verify(StatementAlgorithm.EdDSA, Digest.Sha256(sigStructure), sigStructure, signature));
    }

    /// <summary>The two values that s can have: the lower one is written, and both are the same signature (SEC 1 §4.1.3).</summary>
    [Fact]
    public void LowS_turns_the_higher_value_into_the_lower_one()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (higher, total) = (0, 40);
        for (var i = 0; i < total; i++)
        {
            var signature = ecdsa.SignData(Encoding.ASCII.GetBytes($"message {i}"), HashAlgorithmName.SHA256);
            higher += LowS.Is(signature) ? 0 : 1;
            LowS.Normalize(signature);
            Assert.True(LowS.Is(signature));
            Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes($"message {i}"), signature, HashAlgorithmName.SHA256));
        }

        Assert.InRange(higher, 1, total - 1);
    }

    /// <summary>RFC 8032 §7.1, tests 1 to 3.</summary>
    [Theory]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Ed25519_signature_of_rfc_8032_verifies(string publicKey, string message, string signature)
    {
        using var key = StatementKey.FromSpki(Ed25519Spki.Write(Convert.FromHexString(publicKey)));
        var bytes = Convert.FromHexString(message);

        Assert.True(key.Verify(StatementAlgorithm.EdDSA, default, bytes, Convert.FromHexString(signature)));
        Assert.False(key.Verify(StatementAlgorithm.EdDSA, default, [.. bytes, 0], Convert.FromHexString(signature)));
        Assert.False(key.Verify(StatementAlgorithm.ES256, default, bytes, Convert.FromHexString(signature)));
    }

    /// <summary>RFC 8410 §10.1, the example public key.</summary>
    [Fact]
    public void Ed25519_public_key_of_rfc_8410_is_read_and_written()
    {
        var spki = Convert.FromBase64String("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");

        Assert.True(Ed25519Spki.TryRead(spki, out var raw));
        Assert.Equal("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1", Convert.ToHexStringLower(raw));
        Assert.Equal(spki, Ed25519Spki.Write(raw));
    }

    private static DeterministicCbor Read(string hex) => new(Convert.FromHexString(hex), "test");
}
