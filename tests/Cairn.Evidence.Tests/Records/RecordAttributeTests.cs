using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Evidence.Tests.Records;

public class RecordAttributeTests
{
    [Fact]
    public void Attribute_of_any_double_is_read_back_as_the_same_double() =>
        Gen.OneOf(Gen.Double, Gen.Double[-1e6, 1e6], Gen.Double[-1e-8, 1e-8]).Sample(number => Assert.Equal(number == 0 ? 0.0 : number, ReadBack(number)), iter: 2000);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(9007199254740992.0)]
    [InlineData(9007199254740991.0)]
    [InlineData(1e-9)]
    [InlineData(-1.2345678901234567e-8)]
    public void Attribute_of_an_extreme_double_is_read_back_as_the_same_double(double number) => Assert.Equal(number, ReadBack(number));

    [Fact]
    public void Attribute_of_any_integer_is_read_back_as_the_same_integer() =>
        Gen.OneOf(Gen.Long, Gen.Long[-9007199254740993, -9007199254740989], Gen.Long[9007199254740989, 9007199254740993]).Sample(number =>
        {
            var value = Value(number);
            var isSafe = number is >= -9007199254740991 and <= 9007199254740991;
            Assert.Equal(isSafe ? JsonValueKind.Number : JsonValueKind.String, value.ValueKind);
            Assert.Equal(number, isSafe ? value.GetInt64() : long.Parse(value.GetString()!, CultureInfo.InvariantCulture));
        });

    [Fact]
    public void Attribute_values_of_other_types_are_written_as_text_or_refused_by_name()
    {
        Assert.Equal("18446744073709551615", Value(ulong.MaxValue).GetString());
        Assert.Equal("0.1", Value(0.1f).GetRawText());
        Assert.Equal("[1,\"a\",true]", Value(new object[] { 1, "a", true }).GetRawText());
        Assert.Contains("attribute x", Assert.Throws<ArgumentException>(() => Value(new object())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[[1]]")]
    [InlineData("[\"]\",[]]")]
    [InlineData("[\"\\\\\",null]")]
    [InlineData("[\"\\\"[\",{}]")]
    [InlineData("[1],\"y\":null")]
    public void Attribute_of_another_form_is_refused(string value) =>
        Assert.Contains("attributes", Assert.Throws<EvidenceFormatException>(() => Record.Parse(WithAttribute(value))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("\"{[null]}\"")]
    [InlineData("[\"]\",\"\\\"[\",\"\\\\\",\"null\",true,false,-1.5]")]
    [InlineData("[],\"n\":[\"\"],\"[\":false")]
    public void Text_in_attributes_may_look_like_another_form(string value) => Record.Parse(WithAttribute(value));

    [Fact]
    public void Array_in_an_array_is_refused_when_it_is_written() =>
        Assert.Contains("attribute x", Assert.Throws<ArgumentException>(() => Value(new object[] { new[] { 1 } })).Message, StringComparison.Ordinal);

    private static byte[] WithAttribute(string value)
    {
        var record = Encoding.UTF8.GetString(RecordWriter.Write(RecordTests.Header(), static body => body.WriteString("type", "tool.call"), new Dictionary<string, object> { ["x"] = 1 }));
        return Encoding.UTF8.GetBytes(record.Replace("\"x\":1", $"\"x\":{value}", StringComparison.Ordinal));
    }

    private static double ReadBack(double number)
    {
        var value = Value(number);
        return value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.Parse(value.GetString()!, CultureInfo.InvariantCulture);
    }

    private static JsonElement Value(object value) => Record.Parse(RecordWriter.Write(
        RecordTests.Header(), static body => body.WriteString("type", "tool.call"), new Dictionary<string, object> { ["x"] = value }))
        .Root.GetProperty("attributes").GetProperty("x");
}
