using System.Text;
using CsCheck;

namespace Cairn.Evidence.Tests.Identifiers;

/// <summary>Strict hexadecimal, in its way for short texts and in that for longer ones.</summary>
public sealed class HexTests
{
    [Fact]
    public void Lower_case_digits_of_any_length_give_their_bytes() => Gen.Byte.Array[0, 40].Sample(bytes =>
    {
        var decoded = new byte[bytes.Length];

        Assert.True(Hex.TryDecode(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)), decoded));
        Assert.Equal(bytes, decoded);
    });

    [Fact]
    public void Any_other_byte_at_any_place_is_refused() => Gen.Select(Gen.Int[1, 40], Gen.Int[0, 79], Gen.Byte).Sample((length, at, other) =>
    {
        var text = new byte[2 * length];
        text.AsSpan().Fill((byte)'a');
        text[at % text.Length] = other;

        Assert.Equal("0123456789abcdef"u8.Contains(other), Hex.TryDecode(text, new byte[length]));
    });

    [Fact]
    public void Digits_for_more_or_fewer_bytes_are_refused()
    {
        Assert.False(Hex.TryDecode("00"u8, new byte[2]));
        Assert.False(Hex.TryDecode("000"u8, new byte[1]));
    }
}
