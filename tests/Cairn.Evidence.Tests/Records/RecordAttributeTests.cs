using System.Globalization;
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

    [Fact]
    public void Record_nested_as_deep_as_allowed_is_read_whole()
    {
        object deep = "x";
        for (var depth = 3; depth <= IJson.MaxDepth; depth++)
        {
            deep = new[] { deep };
        }

        Assert.Equal(JsonValueKind.Array, Value(deep).ValueKind);
        Assert.ThrowsAny<Exception>(() => Value(new[] { deep }));
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
