using System.Text;
using System.Text.Json;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy.Tests;

public sealed class KnownAnswersTests
{
    private static readonly JsonElement Success = JsonElement.Parse("""{"type":"success"}""");

    [Fact]
    public void Answer_belongs_to_its_policies_and_its_question()
    {
        var known = new KnownAnswers();
        known.Keep("slice", Bytes("question"), Success);

        Assert.True(known.TryGet("slice", Bytes("question"), out var answer));
        Assert.Equal("success", answer.GetProperty("type").GetString());
        Assert.False(known.TryGet("slice", Bytes("questions"), out _));
        Assert.False(known.TryGet("other", Bytes("question"), out _));
    }

    [Fact]
    public void Answer_that_is_no_success_is_not_kept()
    {
        var known = new KnownAnswers();
        known.Keep("slice", Bytes("question"), JsonElement.Parse("""{"type":"failure","errors":[]}"""));

        Assert.False(known.TryGet("slice", Bytes("question"), out _));
    }

    [Fact]
    public void Question_of_more_than_its_bytes_is_not_kept()
    {
        var known = new KnownAnswers();
        known.Keep("slice", new byte[KnownAnswers.LongestQuestion + 1], Success);
        known.Keep("slice", new byte[KnownAnswers.LongestQuestion], Success);

        Assert.False(known.TryGet("slice", new byte[KnownAnswers.LongestQuestion + 1], out _));
        Assert.True(known.TryGet("slice", new byte[KnownAnswers.LongestQuestion], out _));
    }

    [Fact]
    public void Answer_that_is_asked_for_stays_and_others_go()
    {
        var known = new KnownAnswers();
        known.Keep("slice", Bytes("often"), Success);
        known.Keep("slice", Bytes("once"), Success);
        for (var i = 0; i < 3 * KnownAnswers.MostOfGeneration; i++)
        {
            known.Keep("slice", Bytes($"other {i}"), Success);
            Assert.True(known.TryGet("slice", Bytes("often"), out _));
        }

        Assert.False(known.TryGet("slice", Bytes("once"), out _));
        Assert.False(known.TryGet("slice", Bytes("other 0"), out _));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
