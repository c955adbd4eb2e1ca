using System.Text.Json;
using Cairn.Cli.Investigate.Replays;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails;
using Cairn.Trails.Replay;

namespace Cairn.Cli.Tests.Investigate;

/// <summary>Stepping through a trail by keys, and what a step looks like.</summary>
public sealed class StepperTests
{
    private static readonly Trail Told = Trail.From(Enumerable.Range(0, 5).Select(Record));

    [Theory]
    [InlineData("n", 2)]
    [InlineData("nnp", 2)]
    [InlineData("p", 1)]
    [InlineData("l", 5)]
    [InlineData("ln", 5)]
    [InlineData("lf", 1)]
    [InlineData("g4\r", 4)]
    [InlineData("g99\r", 5)]
    [InlineData("/tool-3\r", 4)]
    [InlineData("/TOOL-\rNN", 4)]
    [InlineData("l/tool-1\r", 2)]
    [InlineData("/nowhere\r", 1)]
    public void Keys_lead_to_a_step(string keys, int step) => Assert.Equal(step, Press(keys).Step);

    [Theory]
    [InlineData("p", "this is the first step")]
    [InlineData("ln", "this is the last step")]
    [InlineData("gx\r", "\"x\" is no number of a step: 1 to 5")]
    [InlineData("/nowhere\r", "no step has \"nowhere\"")]
    [InlineData("N", "nothing was searched for: press /")]
    [InlineData("/to", "/to")]
    public void Key_that_leads_nowhere_says_so(string keys, string prompt) => Assert.Equal(prompt, Press(keys).Prompt);

    [Fact]
    public void Letter_q_quits_and_in_a_search_is_a_letter()
    {
        Assert.True(Press("q").HasQuit);
        Assert.False(Press("/q").HasQuit);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(40)]
    public void State_fits_the_width_and_names_its_step(int width)
    {
        var lines = StateText.Lines(ReplayState.Of(Told, 3), width, most: 1);
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        Assert.StartsWith("Step 3 of 5", lines[0], StringComparison.Ordinal);
        Assert.Contains("  … and 1 more", lines);
    }

    [Fact]
    public void Control_characters_of_a_record_reach_no_terminal() =>
        Assert.DoesNotContain(StateText.Lines(ReplayState.Of(Trail.From([Record(0), Record(1, "a\u001b[2Jb")]), 2), 160), line => line.Any(char.IsControl));

    private static Stepper Press(string keys)
    {
        var stepper = new Stepper(Told, 1);
        foreach (var key in keys)
        {
            stepper.Press(new ConsoleKeyInfo(key, key == '\r' ? ConsoleKey.Enter : ConsoleKey.None, false, false, false));
        }

        return stepper;
    }

    // A start, then requests of tool-1, tool-2 … that stay open.
    private static TrailRecord Record(int place) => Record(place, $"tool-{place}");

    private static TrailRecord Record(int place, string tool)
    {
        var time = new DateTimeOffset(2026, 11, 25, 9, 0, place, TimeSpan.Zero);
        var actor = new Actor(SpiffeId.Parse("spiffe://cairn.local/agent/a"), "host:1", "team@example.org");
        var body = place == 0 ? (object)new { principal = "alice" } : new { type = "tool.call", resource = $"mcp://files/tools/{tool}" };
        var bytes = RecordWriter.Write(
            new RecordHeader(RecordId.New(time), place == 0 ? RecordKinds.TaskStarted : RecordKinds.ActionRequested, time, TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736"), SpanId.New(), null, null, place, actor),
            writer =>
            {
                foreach (var member in JsonSerializer.SerializeToElement(body).EnumerateObject())
                {
                    member.WriteTo(writer);
                }
            });
        return new TrailRecord(Evidence.Records.Record.Parse(bytes), SpiffeId.Parse("spiffe://cairn.local/gateway/g"), StreamId.Parse("00000000000000000000000000000001"), place);
    }
}
