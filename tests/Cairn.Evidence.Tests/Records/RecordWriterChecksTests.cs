using System.Buffers;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Tests.Records;

/// <summary>
/// The writer leaves out checks of what it has written from typed values itself, once it knows the actor. Each test writes
/// a good record of the same actor first, so that this short way is the one that is tried.
/// </summary>
public class RecordWriterChecksTests
{
    private static readonly RecordHeader Good = RecordTests.Header();

    public static TheoryData<RecordHeader> BadHeaders => new(
        Good with { Id = default },
        Good with { Trace = default },
        Good with { Span = default },
        Good with { Parent = default(SpanId) },
        Good with { Task = default(SpanId) },
        Good with { Seq = -1 },
        Good with { Seq = 1L << 53 },
        Good with { Actor = new Actor(default, "i", "o") },
        Good with { Actor = new Actor(Good.Actor.Id, null!, "o") });

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void Header_value_that_no_record_may_hold_is_refused(RecordHeader header) =>
        Assert.Throws<EvidenceFormatException>(() => WriteAfterGoodOne(header, static body => body.WriteString("type", "tool.call")));

    public static TheoryData<string> BadBodies => new(
        """1},"second":{"a":2""",
        """{"a":1,"a":2}""",
        "1e5",
        "9007199254740993",
        "\"\\ud800\"",
        "\"a\nb\"",
        string.Concat(Enumerable.Repeat("[", 63)) + string.Concat(Enumerable.Repeat("]", 63)));

    [Theory]
    [MemberData(nameof(BadBodies))]
    public void Body_that_is_not_I_JSON_is_refused(string raw) =>
        Assert.Throws<EvidenceFormatException>(() => WriteAfterGoodOne(Good, body =>
        {
            body.WritePropertyName("raw");
            body.WriteRawValue(raw, skipInputValidation: true);
        }));

    [Fact]
    public void Body_as_deep_as_allowed_is_written()
    {
        var deepest = string.Concat(Enumerable.Repeat("[", 62)) + string.Concat(Enumerable.Repeat("]", 62));

        Record.Parse(WriteAfterGoodOne(Good, body =>
        {
            body.WritePropertyName("raw");
            body.WriteRawValue(deepest, skipInputValidation: true);
        }));
    }

    [Fact]
    public void Attribute_named_twice_but_for_its_escapes_is_refused()
    {
        var twice = new Dictionary<string, object> { ["a\uFFFE"] = 1, ["a\uFFFD"] = 2 };

        Assert.Throws<EvidenceFormatException>(() => WriteAfterGoodOne(Good, static body => body.WriteString("type", "tool.call"), twice));
    }

    [Fact]
    public void Record_above_the_limit_is_refused() =>
        Assert.Throws<EvidenceFormatException>(() => WriteAfterGoodOne(Good, static body => body.WriteString("type", new string('a', IJson.MaxRecordBytes))));

    [Fact]
    public void Two_actors_in_turn_each_stand_in_their_own_records()
    {
        var other = Good with { Actor = Good.Actor with { Owner = "team \"b\"" } };
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Good.Actor, Record.Parse(RecordWriter.Write(Good, static body => body.WriteNumber("n", 1))).Actor);
            Assert.Equal(other.Actor, Record.Parse(RecordWriter.Write(other, static body => body.WriteNumber("n", 1))).Actor);
        }
    }

    private static byte[] WriteAfterGoodOne(RecordHeader header, Action<Utf8JsonWriter> body, Dictionary<string, object>? attributes = null)
    {
        var output = new ArrayBufferWriter<byte>();
        RecordWriter.Write(output, Good, static writer => writer.WriteString("type", "tool.call"));
        var start = output.WrittenCount;
        RecordWriter.Write(output, header, body, attributes);
        return output.WrittenSpan[start..].ToArray();
    }
}
