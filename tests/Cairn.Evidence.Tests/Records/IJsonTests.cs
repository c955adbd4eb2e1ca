using System.Text;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Tests.Records;

public class IJsonTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData(" { \"a\" : [ 1 , -2.5 , true , false , null , \"\\u00e9\\ud83d\\ude00\\n\" ] } ")]
    [InlineData("{\"a\":9007199254740991,\"b\":-9007199254740991,\"c\":0.30000000000000004,\"d\":0,\"e\":0.0}")]
    [InlineData("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}")]
    [InlineData("{\"a\":\"\\ufffd\\uFFFD\\\"\\\\\\/\\b\\f\\n\\r\\t\"}")]
    public void IJson_accepts_what_every_reader_reads_the_same(string text) => IJson.Validate(Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("", 0, "expected an object")]
    [InlineData("[]", 0, "expected an object")]
    [InlineData("1", 0, "expected an object")]
    [InlineData("{\"a\":1}x", 7, "expected the end")]
    [InlineData("{\"a\":1}{}", 7, "expected the end")]
    [InlineData("{\"a\":1,}", 7, "expected a member's name")]
    [InlineData("{\"a\":1", 6, "expected a comma")]
    [InlineData("{\"a\":[1,]}", 8, "expected a value")]
    [InlineData("{\"a\":[1 2]}", 8, "expected a comma")]
    [InlineData("{\"a\" 1}", 5, "expected a colon")]
    [InlineData("{a:1}", 1, "expected a member's name")]
    [InlineData("{\"a\":tru}", 5, "expected a value")]
    [InlineData("{\"a\":NaN}", 5, "expected a value")]
    [InlineData("{\"a\":\"x", 7, "closing quote")]
    [InlineData("{\"a\":1,\"a\":2}", 8, "found \"a\" again")]
    [InlineData("{\"a\":1,\"\\u0061\":2}", 8, "found \"a\" again")]
    [InlineData("{\"x\":[{\"é\":1,\"\\u00E9\":2}]}", 15, "member x[0].\\u00E9", "found \"é\" again")]
    [InlineData("{\"a\":\"\\ud800\"}", 6, "unpaired surrogate")]
    [InlineData("{\"a\":\"\\udc00\\ud800\"}", 6, "unpaired surrogate")]
    [InlineData("{\"a\":\"\\ud800\\u0041\"}", 6, "unpaired surrogate")]
    [InlineData("{\"a\":\"\\uffff\"}", 6, "noncharacter")]
    [InlineData("{\"a\":\"\\ud83f\\udffe\"}", 6, "noncharacter")]
    [InlineData("{\"a\":\"\uFDD0\"}", 6, "noncharacter")]
    [InlineData("{\"a\":\"\\u0000\"}", 6, "NUL")]
    [InlineData("{\"a\":\"\\x\"}", 6, "escapes")]
    [InlineData("{\"a\":\"\\u12g4\"}", 6, "hexadecimal")]
    [InlineData("{\"a\":9007199254740992}", 5, "2^53-1")]
    [InlineData("{\"a\":-9007199254740992}", 5, "2^53-1")]
    [InlineData("{\"a\":99999999999999999999999999}", 5, "2^53-1")]
    [InlineData("{\"a\":-0}", 5, "without a sign")]
    [InlineData("{\"a\":-0.00}", 5, "without a sign")]
    [InlineData("{\"a\":1e3}", 5, "without exponent")]
    [InlineData("{\"a\":1.5E-3}", 5, "without exponent")]
    [InlineData("{\"a\":01}", 5, "leading zeros")]
    [InlineData("{\"a\":+1}", 5, "expected a value")]
    [InlineData("{\"a\":1.}", 5, "after the decimal point")]
    [InlineData("{\"a\":0.123456789012345678}", 5, "significant digits")]
    [InlineData("{\"a\":\n1}", 5, "below 0x20")]
    [InlineData("{\"a\":\"\0\"}", 6, "below 0x20")]
    [InlineData("\uFEFF{}", 0, "expected an object")]
    public void IJson_refuses_with_place_and_reason_what_readers_could_read_differently(string text, int offset, params string[] reasons)
    {
        var error = Assert.Throws<EvidenceFormatException>(() => IJson.Validate(Encoding.UTF8.GetBytes(text)));

        Assert.Contains($"byte {offset}", error.Message, StringComparison.Ordinal);
        Assert.All(reasons, reason => Assert.Contains(reason, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC3 })]
    public void IJson_refuses_invalid_utf8(byte[] bytes)
    {
        var error = Assert.Throws<EvidenceFormatException>(() => IJson.Validate([.. "{\"a\":\""u8, .. bytes, .. "\"}"u8]));
        Assert.Contains("byte 6, member a: expected valid UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IJson_holds_its_limits_of_size_and_depth()
    {
        static byte[] Nested(int depth) => Encoding.ASCII.GetBytes("{\"a\":" + new string('[', depth - 1) + new string(']', depth - 1) + "}");
        static byte[] Sized(int size) => Encoding.ASCII.GetBytes("{\"a\":\"" + new string('x', size - 8) + "\"}");

        IJson.Validate(Nested(64));
        IJson.Validate(Sized(65536));
        Assert.Contains("64 levels", Assert.Throws<EvidenceFormatException>(() => IJson.Validate(Nested(65))).Message, StringComparison.Ordinal);
        Assert.Contains("64 levels", Assert.Throws<EvidenceFormatException>(() => IJson.Validate(Encoding.ASCII.GetBytes("{\"a\":" + new string('[', 60000)))).Message, StringComparison.Ordinal);
        Assert.Contains("found 65537", Assert.Throws<EvidenceFormatException>(() => IJson.Validate(Sized(65537))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IJson_finds_a_repeated_name_among_thousands()
    {
        var names = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"n{i}\":1"));

        IJson.Validate(Encoding.ASCII.GetBytes($"{{{names}}}"));

        Assert.Throws<EvidenceFormatException>(() => IJson.Validate(Encoding.ASCII.GetBytes($"{{{names},\"n1234\":1}}")));
    }
}
