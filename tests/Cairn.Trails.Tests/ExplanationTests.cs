using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Explaining;
using Cairn.Trails.Tests.Findings;
using CsCheck;

namespace Cairn.Trails.Tests;

public sealed class ExplanationTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Four_questions_are_answered_in_order() => Assert.Equal(
        ["Who or what initiated it?", "What context did the agents have?", "Which tools and credentials were used, and under which authority?", "What changed?"],
        Explanation.Of(Told()).Select(answer => answer.Question));

    [Fact]
    public void Initiator_is_told_with_its_record()
    {
        _story.Begin(principal: "ada");
        var sentence = Find("ada asked");
        Assert.Equal([_story.Records[0].Record.Id], sentence.Records);
    }

    [Fact]
    public void Missing_start_is_told_as_not_known()
    {
        _story.Act(SpanId.New());
        Assert.False(Find("can't be told: no record of a start").IsKnown);
    }

    [Fact]
    public void Actions_are_told_with_the_chain_that_they_were_done_under()
    {
        var given = _story.Delegate(_story.Begin(principal: "ada"), scope: ["tool:read_file"]);
        var act = _story.Act(given, agent: "b", by: "second");

        var sentence = Find("on the authority of ada, delegated to");

        Assert.Contains("tool:read_file", sentence.Text);
        Assert.Contains(act, sentence.Records);
        Assert.Contains(_story.Records[1].Record.Id, sentence.Records);
    }

    [Fact]
    public void Decision_is_told_where_there_is_one_and_missed_where_there_is_none()
    {
        var id = _story.NewId();
        var decision = _story.Decide(id, "allow", more: new { determining = new[] { "readers" } });
        _story.Act(id: id, more: new { decision = decision.ToString() });
        _story.Act();

        Assert.Contains(decision, Find("the decision was allow, by readers").Records);
        Assert.False(Find("no decision is recorded").IsKnown);
    }

    [Fact]
    public void Write_is_told_with_the_target_that_confirms_it()
    {
        var act = _story.Act(more: new { writes = true });
        _story.Tell(RecordKinds.EffectObserved, body: new { system = "s3", event_id = "e", operation = "put", resource = "bucket", status = "ok", action = act.ToString() });

        Assert.Contains("s3 confirms it", Find("changed something").Text);
    }

    [Fact]
    public void Write_that_nobody_confirms_is_told_as_claimed()
    {
        _story.Act(more: new { writes = true });
        Assert.False(Find("took effect is told by who recorded them alone").IsKnown);
    }

    /// <summary>The law: every sentence that is known cites a record, and every record cited is in the trail, unless it says that there is none.</summary>
    [Fact]
    public void Sentences_cite_records_of_the_trail_whatever_happened() => RandomStory.Steps.Sample(
        steps =>
        {
            var trail = RandomStory.Tell(steps).Read();
            return Explanation.Of(trail).SelectMany(answer => answer.Sentences).All(sentence =>
                sentence.Records.All(record => trail.Find.Record(record) is not null) && (sentence.Records.Count > 0 || !sentence.IsKnown || sentence.Text.StartsWith("No action", StringComparison.Ordinal)));
        },
        iter: 200);

    /// <summary>The law: the explanation is a function of the set of records, not of their order of arrival.</summary>
    [Fact]
    public void Order_of_arrival_changes_no_word() => Gen.Select(RandomStory.Steps, Gen.Int[0, int.MaxValue]).Sample(
        (steps, seed) =>
        {
            var records = RandomStory.Tell(steps).Records.ToArray();
            var expected = Text(records);
            new Random(seed).Shuffle(records);
            return Text(records) == expected;
        },
        iter: 200);

    [Fact]
    public void State_at_an_instant_is_that_of_the_records_made_until_then()
    {
        var span = SpanId.New();
        var request = _story.Request(span);
        var then = _story.Now;
        _story.Wait(1);
        _story.Complete(request, span);

        Assert.Null(Assert.Single(_story.Read().At(then)!.Actions).Status);
        Assert.Equal("ok", Assert.Single(_story.Read().At(_story.Now)!.Actions).Status);
        Assert.Null(_story.Read().At(TrailStory.Start.AddDays(-1)));
    }

    private Trail Told()
    {
        _story.Begin();
        return _story.Read();
    }

    private Sentence Find(string part) => Explanation.Of(_story.Read()).SelectMany(answer => answer.Sentences).First(sentence => sentence.Text.Contains(part, StringComparison.Ordinal));

    private static string Text(IReadOnlyList<TrailRecord> records) =>
        JsonSerializer.Serialize(Explanation.Of(Trail.From(records)).SelectMany(answer => answer.Sentences).Select(sentence => new { sentence.Text, Records = sentence.Records.Select(record => record.ToString()) }));
}
