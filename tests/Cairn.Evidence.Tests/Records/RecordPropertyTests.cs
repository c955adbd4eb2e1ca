using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Evidence.Tests.Records;

/// <summary>Laws of the record scan, held against the platform's own JSON reader.</summary>
public class RecordPropertyTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Char[' ', '~'].Array[0, 12].Select(characters => new string(characters)),
        OneOf("é", "水", "😀", "\"", "\\", "/", "\n", "\u0001", "\u007f", "\u2028"));

    private static readonly Gen<string> Numbers = Gen.OneOf(
        Gen.Long[-9007199254740991, 9007199254740991].Select(number => number.ToString()),
        Gen.Double[-1e6, 1e6].Select(number => ((decimal)number).ToString("0.0######")).Where(text => !text.StartsWith("-0.0", StringComparison.Ordinal)),
        OneOf("0", "1", "-1", "0.1", "0.30000000000000004"));

    private static readonly Gen<string> Values = Gen.Recursive<string>((depth, value) =>
    {
        var leaf = Gen.OneOf(Numbers, Texts.Select(Quote), OneOf("true", "false", "null"));
        return depth > 4 ? leaf : Gen.OneOf(
            leaf,
            value.Array[0, 4].Select(items => $"[{string.Join(',', items)}]"),
            Gen.Select(Texts, value).Array[0, 4].Select(Object));
    });

    private static readonly Gen<string> Objects = Gen.Select(Texts, Values).Array[0, 6].Select(Object);

    [Fact]
    public void Object_without_repeated_names_is_accepted_and_one_with_them_refused() => Objects.Sample(text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(HasRepeatedNames(JsonElement.Parse(bytes)), !Accepts(bytes));
    });

    [Fact]
    public void Text_that_the_platform_refuses_is_refused() => Gen.Select(Objects, Gen.Int[0, 400], Gen.OneOf(Gen.Byte, OneOf("{}[]\",:\\u0-e. "u8.ToArray()))).Sample((text, at, replacement) =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes[at % bytes.Length] = replacement;
        if (Accepts(bytes))
        {
            using var document = JsonDocument.Parse(bytes);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
            Assert.False(HasRepeatedNames(document.RootElement));
        }
    }, iter: 5000);

    [Fact]
    public void Scan_of_hostile_text_takes_no_longer_than_a_moment()
    {
        string[] hostile =
        [
            "{\"a\":" + string.Concat(Enumerable.Repeat("{\"a\":", 13000)),
            "{" + string.Join(',', Enumerable.Range(0, 6000).Select(i => $"\"k{i:x5}\":1")) + "}",
            "{\"a\":[" + string.Join(',', Enumerable.Repeat("{\"a\":1}", 8000)) + "]}",
            "{\"a\":\"" + string.Concat(Enumerable.Repeat("\\u0061", 10900)) + "\"}",
            "{\"a\":" + new string('9', 65000) + "}",
            "{\"a\":0." + new string('0', 65000) + "}",
            "{" + string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"\\u{i + 0x1000:x4}\":1")) + "}",
            "{\"" + new string('\\', 65000) + "\":1}",
        ];
        var started = Stopwatch.GetTimestamp();
        foreach (var text in hostile)
        {
            for (var i = 0; i < 10; i++)
            {
                _ = Accepts(Encoding.UTF8.GetBytes(text));
            }
        }

        // A hang guard, not a speed: the whole takes some tens of milliseconds.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static bool Accepts(byte[] bytes)
    {
        try
        {
            IJson.Validate(bytes);
            return true;
        }
        catch (EvidenceFormatException)
        {
            return false;
        }
    }

    private static bool HasRepeatedNames(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().GroupBy(member => member.Name).Any(group => group.Count() > 1)
            || value.EnumerateObject().Any(member => HasRepeatedNames(member.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(HasRepeatedNames),
        _ => false,
    };

    private static string Object((string Name, string Value)[] members) => $"{{{string.Join(',', members.Select(member => $"{Quote(member.Name)}:{member.Value}"))}}}";

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
