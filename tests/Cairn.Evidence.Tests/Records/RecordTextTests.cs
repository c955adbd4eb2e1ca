using System.Text.Json;
using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Evidence.Tests.Records;

/// <summary>Whatever text a body is given, as UTF-16 or as UTF-8, a record comes out, and the text comes back.</summary>
public class RecordTextTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Char[' ', '~'],
        Gen.Char['\0', '\u001f'],
        Gen.Char['\u007f', '\ud7ff'],
        Gen.Int[0, 5].Select(index => "\"\\\ufffe\ufdd0\ud83d\ude00"[index])).Array[0, 40].Select(text => new string(text));

    [Fact]
    public void Written_text_is_read_back_with_what_IJson_forbids_replaced() => Texts.Sample(text =>
    {
        var record = Record.Parse(RecordWriter.Write(Header(DateTimeOffset.UnixEpoch), body =>
        {
            body.WriteString("utf16", text);
            body.WriteString("utf8", System.Text.Encoding.UTF8.GetBytes(text));
        }));

        var expected = Replaced(text);
        Assert.Equal(expected, record.Body.GetProperty("utf16").GetString());
        Assert.Equal(expected, record.Body.GetProperty("utf8").GetString());
    });

    [Fact]
    public void Written_time_is_read_back_to_the_microsecond() => Gen.Long[0, DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks].Sample(ticks =>
    {
        var time = DateTimeOffset.UnixEpoch.AddTicks(ticks);
        var record = Record.Parse(RecordWriter.Write(Header(time), static body => body.WriteString("type", "tool.call")));
        Assert.Equal(time.AddTicks(-(ticks % TimeSpan.TicksPerMicrosecond)), record.Time);
        Assert.Equal(time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'"), JsonDocument.Parse(record.Bytes).RootElement.GetProperty("time").GetString());
    });

    private static RecordHeader Header(DateTimeOffset time) => new(
        RecordId.New(DateTimeOffset.UnixEpoch), RecordKinds.ActionRequested, time, TraceId.New(), SpanId.New(), null, null, 0,
        new Actor(SpiffeId.Parse("spiffe://cairn.local/agent/a"), "i", "o"));

    private static string Replaced(string text) => string.Concat(text.EnumerateRunes().Select(rune =>
        rune.Value is 0 or (>= 0xFDD0 and <= 0xFDEF) || (rune.Value & 0xFFFE) == 0xFFFE ? "\uFFFD" : rune.ToString()));
}
