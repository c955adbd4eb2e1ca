using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Replay.World;

namespace Cairn.Trails.Tests.Replay;

/// <summary>Calls of a second run against the recorded ones.</summary>
public sealed class WorldReplayTests
{
    private readonly TrailStory _story = new();
    private StoryContents _contents = new();

    [Fact]
    public void Same_calls_in_the_same_order_diverge_in_nothing()
    {
        Call("echo", """{"message":"a"}""", "1");
        Call("sum", """{"a":1,"b":2}""", "3");
        var replay = Replay();

        Assert.Equal("1", Answer(replay, "echo", """{"message":"a"}"""));
        Assert.Equal("3", Answer(replay, "sum", """{ "b":2, "a":1.0 }"""));
        var report = replay.Finish();
        Assert.Empty(report.Divergences);
        Assert.Equal((2, 2, 2), (report.Recorded, report.Made, report.Answered));
    }

    [Fact]
    public void Repeated_call_gets_its_answers_in_recorded_order_and_one_more_is_extra()
    {
        Call("time", "{}", "1");
        Call("time", "{}", "2");
        var replay = Replay();

        Assert.Equal(["1", "2", null], [Answer(replay, "time", "{}"), Answer(replay, "time", "{}"), Answer(replay, "time", "{}")]);
        Assert.Equal((DivergenceKind.ExtraCall, 3), Only(replay, divergence => (divergence.Kind, divergence.Call)));
    }

    [Fact]
    public void Changed_arguments_are_named_by_pointer_and_the_recorded_call_is_not_missing_besides()
    {
        var request = Call("write", """{"path":"/a","options":{"mode~x":[1,2]}}""", "1");
        var replay = Replay();

        Assert.Null(Answer(replay, "write", """{"path":"/b","options":{"mode~x":[1,3]},"force":true}"""));
        var divergence = Only(replay, divergence => divergence);
        Assert.Equal((DivergenceKind.Arguments, 1, request), (divergence.Kind, divergence.Step, divergence.Record));
        Assert.Equal(
            [new JsonDifference("/path", "\"/a\"", "\"/b\""), new JsonDifference("/options/mode~0x/1", "2", "3"), new JsonDifference("/force", null, "true")],
            divergence.Differences);
    }

    [Fact]
    public void Another_tool_than_the_recorded_next_one_is_named_with_what_was_expected()
    {
        Call("echo", "{}", "1");
        var replay = Replay();

        Assert.Null(Answer(replay, "shout", "{}"));
        Assert.Equal("1", Answer(replay, "echo", "{}"));
        Assert.Equal((DivergenceKind.Tool, "tools/call shout", "tools/call echo"), Only(replay, divergence => (divergence.Kind, divergence.Found, divergence.Expected)));
    }

    [Fact]
    public void Tool_outside_the_recorded_manifest_is_named_as_such()
    {
        var task = _story.Begin();
        _story.Tell(RecordKinds.ContextCaptured, null, new { subject = "mcp.tools", digest = "sha256:aa", tools = new[] { new { name = "echo", digest = "sha256:01" } } }, task);
        Call("echo", "{}", "1");
        var replay = Replay();

        Answer(replay, "shout", "{}");
        Answer(replay, "echo", "{}");
        Assert.Equal(DivergenceKind.Manifest, Only(replay, divergence => divergence.Kind));
    }

    [Fact]
    public void Call_that_is_not_made_is_missing_at_the_end()
    {
        Call("echo", "{}", "1");
        var missing = Call("sum", "{}", "2");
        var replay = Replay();

        Answer(replay, "echo", "{}");
        Assert.Equal((DivergenceKind.MissingCall, 2, (RecordId?)missing), Only(replay, divergence => (divergence.Kind, divergence.Step!.Value, divergence.Record)));
    }

    [Fact]
    public void Call_before_one_that_it_had_followed_is_out_of_order_and_answered()
    {
        Call("echo", "{}", "1");
        Call("sum", "{}", "2");
        var replay = Replay();

        Assert.Equal("2", Answer(replay, "sum", "{}"));
        Assert.Equal("1", Answer(replay, "echo", "{}"));
        Assert.Equal((DivergenceKind.Order, 2), Only(replay, divergence => (divergence.Kind, divergence.Step!.Value)));
    }

    [Fact]
    public void Calls_that_ran_side_by_side_may_come_in_any_order()
    {
        var (one, two) = (SpanId.New(), SpanId.New());
        var (first, second) = (Request("echo", "{}", one), Request("sum", "{}", two));
        Complete(first, one, "1");
        Complete(second, two, "2");
        var replay = Replay();

        Assert.Equal("2", Answer(replay, "sum", "{}"));
        Assert.Equal("1", Answer(replay, "echo", "{}"));
        Assert.Empty(replay.Finish().Divergences);
    }

    [Fact]
    public void Arguments_that_were_not_kept_are_checked_by_commitment_and_the_answer_is_told_as_not_kept()
    {
        _contents = new StoryContents { AreKept = false };
        Call("echo", """{"message":"a"}""", "1");
        Call("echo", """{"message":"b"}""", "2");
        var replay = Replay();

        Assert.Equal(RecordedAnswerKind.NotKept, Take(replay, "echo", """{"message":"a"}""").Recorded!.Answer.Kind);
        Assert.Equal(DivergenceKind.Arguments, Take(replay, "echo", """{"message":"c"}""").Divergence!.Kind);
        var report = replay.Finish();
        Assert.Empty(Assert.Single(report.Divergences).Differences);
        Assert.Equal(("a call could not be answered: the output was not kept", 1), Assert.Single(report.Limits));
    }

    [Fact]
    public void Arguments_without_content_and_key_are_told_as_not_checked()
    {
        _contents = new StoryContents { AreKept = false, HasKeys = false };
        Call("echo", """{"message":"a"}""", "1");
        var replay = Replay();

        Assert.NotNull(Take(replay, "echo", """{"message":"else"}""").Recorded);
        var report = replay.Finish();
        Assert.Empty(report.Divergences);
        Assert.Contains(report.Limits, limit => limit.What.StartsWith("arguments could not be checked", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("refused", RecordedAnswerKind.Refusal)]
    [InlineData("cancelled", RecordedAnswerKind.None)]
    [InlineData("lost", RecordedAnswerKind.None)]
    [InlineData("protocol_error", RecordedAnswerKind.Error)]
    [InlineData("tool_error", RecordedAnswerKind.Result)]
    public void Outcome_is_answered_as_recorded(string status, RecordedAnswerKind expected)
    {
        Call("echo", "{}", """{"code":-32602,"message":"no"}""", status);
        Assert.Equal(expected, Take(Replay(), "echo", "{}").Recorded!.Answer.Kind);
    }

    [Fact]
    public void Act_that_was_accepted_is_answered_by_its_first_outcome()
    {
        var span = SpanId.New();
        var request = Request("slow", "{}", span);
        Complete(request, span, "\"accepted\"", "accepted");
        Complete(request, span, "\"later\"");
        Assert.Equal("\"accepted\"", Answer(Replay(), "slow", "{}"));
    }

    [Fact]
    public void Report_is_the_same_for_any_order_of_arrival()
    {
        for (var i = 0; i < 12; i++)
        {
            Call(i % 3 == 0 ? "echo" : "sum", $$"""{"n":{{i % 4}}}""", $"{i}");
        }

        string Run(IEnumerable<TrailRecord> records)
        {
            var replay = new WorldReplay(RecordedWorld.Of(Trail.From(records), _contents, "files"));
            var answers = string.Join(",", Enumerable.Range(0, 12).Select(i => Answer(replay, i % 3 == 0 ? "echo" : "sum", $$"""{"n":{{(i + 1) % 4}}}""") ?? "-"));
            return answers + JsonSerializer.Serialize(replay.Finish().Divergences.Select(divergence => divergence.How));
        }

        var expected = Run(_story.Records);
        var random = new Random(20261125);
        for (var turn = 0; turn < 20; turn++)
        {
            var shuffled = _story.Records.ToArray();
            random.Shuffle(shuffled);
            Assert.Equal(expected, Run(shuffled));
        }
    }

    private RecordId Call(string tool, string arguments, string output, string status = "ok")
    {
        var span = SpanId.New();
        var request = Request(tool, arguments, span);
        Complete(request, span, output, status);
        return request;
    }

    private RecordId Request(string tool, string arguments, SpanId span)
    {
        // The attributes of an MCP call stand beside the record's own member.
        var request = _story.RequestMcp(span, tool);
        _contents.Add(request, "input", arguments);
        return request;
    }

    private void Complete(RecordId request, SpanId span, string output, string status = "ok") => _contents.Add(_story.Complete(request, span, status), "output", output);

    private WorldReplay Replay() => new(RecordedWorld.Of(_story.Read(), _contents, "files"));

    private static (RecordedCall? Recorded, Divergence? Divergence) Take(WorldReplay replay, string tool, string arguments)
    {
        var bytes = Encoding.UTF8.GetBytes(arguments);
        return replay.Take(new WorldCall("tools/call", tool, Encoding.UTF8.GetBytes($$"""{"name":"{{tool}}","arguments":{{arguments}}}"""), bytes));
    }

    private static string? Answer(WorldReplay replay, string tool, string arguments) =>
        Take(replay, tool, arguments).Recorded is { } recorded ? Encoding.UTF8.GetString(recorded.Answer.Bytes.Span) : null;

    private static T Only<T>(WorldReplay replay, Func<Divergence, T> select) => select(Assert.Single(replay.Finish().Divergences));
}
