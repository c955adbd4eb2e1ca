using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Trails.Tests;

/// <summary>The one-pass reader of own members says what a JSON document of them says.</summary>
public sealed class RecordBodyTests
{
    private static readonly string[] Names = ["type", "status", "naïve", "x\"y", "requested", "deep"];
    private static readonly string[] Values =
    [
        "null", "true", "false", "1", "-7", "1.5", "\"\"", "\"ok\"", "\"r\\u00e9sum\\u00e9\"", "\"caf\u00e9\"", "\"2026-11-25T09:00:00.000000Z\"", "\"0190b8a0-7d3c-7cde-9f12-0123456789ab\"",
        "\"00f067aa0ba902b7\"", "[]", "[\"a\",2,[\"b\"],{\"c\":1},\"d\\n\"]", "{}", "{\"content\":\"none\"}", "{\"content\":7}", "{\"kind\":\"etag\",\"value\":\"v1\"}", "[{\"name\":\"n\"},3]",
    ];

    /// <summary>The law: for every member and every way to read it, both say the same.</summary>
    [Fact]
    public void Body_says_what_a_document_says() => Gen.Select(Gen.Shuffle(Names), Gen.Int[0, Values.Length - 1].Array[6], Gen.Bool).Sample(
        (names, values, escaped) =>
        {
            var members = names.Zip(values, (name, value) => $"{Quoted(name, escaped)}:{Values[value]}");
            var record = Of($"{{{string.Join(',', members)}}}");
            var (body, document) = (new RecordBody(), record.Body);
            body.Read(record);
            foreach (var name in Names.Append("absent"))
            {
                Assert.Equal(document.Text(name), body.Text(name));
                Assert.Equal(document.Flag(name), body.Flag(name));
                Assert.Equal(document.Number(name), body.Number(name));
                Assert.Equal(document.Texts(name), body.Texts(name));
                Assert.Equal(document.RecordId(name), body.RecordId(name));
                Assert.Equal(document.Span(name), body.Span(name));
                Assert.Equal(document.Time(name), body.Time(name));
                Assert.Equal(document.Version(name), body.Version(name));
                Assert.Equal(document.Object(name)?.Text("content"), body.Text(name, "content"));
                Assert.Equal(document.Object(name)?.GetRawText(), body.Object(name)?.GetRawText());
                Assert.Equal(document.Objects(name).Select(item => item.GetRawText()), body.Objects(name).Select(item => item.GetRawText()));
                Assert.Equal(document.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array ? array.GetArrayLength() : null, body.Count(name));
            }
        },
        iter: 500);

    [Fact]
    public void Body_of_more_members_than_usual_is_read_whole_and_nothing_of_the_one_before_is_left()
    {
        var body = new RecordBody();
        body.Read(Of($"{{{string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"m{i}\":{i}"))}}}"));
        Assert.Equal(99, body.Number("m99"));
        body.Read(Of("{}"));
        Assert.Null(body.Number("m99"));
    }

    private static Record Of(string body) => Record.Parse(System.Text.Encoding.UTF8.GetBytes(
        $"{{\"v\":1,\"id\":\"0190b8a0-7d3c-7cde-9f12-0123456789ab\",\"kind\":\"action.requested\",\"time\":\"2026-11-25T09:00:00.000000Z\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"span\":\"00f067aa0ba902b7\",\"seq\":0,\"actor\":{{\"id\":\"spiffe://cairn.local/agent/a\",\"instance\":\"\",\"owner\":\"\"}},\"action\":{body}}}"));

    private static string Quoted(string name, bool escaped) => escaped
        ? $"\"{string.Concat(name.Select(c => $"\\u{(int)c:x4}"))}\""
        : JsonSerializer.Serialize(name);
}
