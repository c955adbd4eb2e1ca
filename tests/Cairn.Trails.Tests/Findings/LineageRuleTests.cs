using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Tests.Findings;

public sealed class LineageRuleTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Orphan_is_found_where_a_named_cause_is_nowhere()
    {
        var missing = SpanId.New();
        var act = _story.Act(missing);

        var finding = _story.One("lineage.orphan");

        finding.RestsOn(act);
        Assert.Contains(missing.ToString(), finding.Message);
    }

    [Fact]
    public void Orphan_is_not_found_where_the_cause_is_only_a_delegations_child_span()
    {
        var (task, child) = (_story.Begin(), SpanId.New());
        _story.Tell(RecordKinds.DelegationGranted, body: new { from = TrailStory.Agent("a"), to = TrailStory.Agent("b"), scope = Array.Empty<string>(), purpose = "p", child_span = child.ToString() }, span: task);
        _story.Begin(child, agent: "b", by: "second");

        _story.None("lineage.orphan");
    }

    [Fact]
    public void Missing_root_is_found_where_every_start_names_a_cause()
    {
        _story.Begin(SpanId.New());
        Assert.Equal(_story.Records[0].Record.Id, _story.One("lineage.no_root").Records[0]);
    }

    [Fact]
    public void Missing_root_is_not_found_where_one_start_names_none()
    {
        _story.Begin(_story.Begin(), by: "second");
        _story.None("lineage.no_root");
    }

    [Fact]
    public void Second_root_is_found_where_two_starts_name_no_cause()
    {
        _story.Begin();
        _story.Begin(by: "second");
        Assert.Equal(2, _story.One("lineage.second_root").Records.Count);
    }

    [Fact]
    public void Second_root_is_not_found_where_two_emitters_tell_the_same_start()
    {
        var root = _story.Begin();
        _story.Begin(span: root, by: "second");
        _story.None("lineage.second_root");
    }

    [Fact]
    public void Cycle_is_found_with_its_spans_and_nothing_loops()
    {
        var (a, b, c) = (SpanId.New(), SpanId.New(), SpanId.New());
        _story.Begin(c, span: a);
        _story.Begin(a, span: b, by: "second");
        _story.Begin(b, span: c, by: "third");
        _story.Act(c);

        var finding = _story.One("lineage.cycle");

        Assert.Equal(3, finding.Records.Count);
        Assert.All(new[] { a, b, c }, span => Assert.Contains(span.ToString(), finding.Subject));
    }

    [Fact]
    public void Cycle_is_found_where_a_span_names_itself()
    {
        var own = SpanId.New();
        _story.Begin(own, span: own);
        _story.One("lineage.cycle");
    }

    [Fact]
    public void Cycle_is_not_found_where_branches_join()
    {
        var root = _story.Begin();
        var (left, right) = (_story.Begin(root, by: "left"), _story.Begin(root, by: "right"));
        var join = _story.Begin(left, by: "join");
        _story.Tell(RecordKinds.ContextCaptured, span: join, parent: right, by: "other");

        _story.None("lineage.cycle");
        Assert.Equal(2, _story.Read().Graph.Find(join)!.Parents.Count());
    }

    [Fact]
    public void Open_span_is_found_for_an_action_without_an_outcome_and_a_part_without_an_end()
    {
        var task = _story.Begin();
        var open = _story.Act(task, status: null);
        Assert.Equal([open, _story.Records[0].Record.Id], _story.Findings().Where(finding => finding.Rule == "lineage.open_span").Select(finding => finding.Records[0]));
    }

    [Fact]
    public void Open_span_is_not_found_where_all_ended_and_a_delegation_expires_by_itself()
    {
        var task = _story.Begin();
        _story.Delegate(task, expires: TrailStory.Start.AddHours(1));
        _story.Act(task);
        _story.Finish(task);
        _story.None("lineage.open_span");
    }

    [Fact]
    public void Missing_counterpart_is_found_for_an_outcome_without_a_request()
    {
        var outcome = _story.Complete(_story.NewId(), SpanId.New());
        _story.One("lineage.missing_counterpart").RestsOn(outcome);
    }

    [Fact]
    public void Missing_counterpart_is_not_found_where_the_request_comes_late()
    {
        var (span, id) = (SpanId.New(), _story.NewId());
        _story.Complete(id, span);
        _story.Request(span, id: id);
        _story.None("lineage.missing_counterpart");
    }

    [Fact]
    public void Sequence_gap_is_found_with_the_number_of_missing_records()
    {
        _story.Begin();
        _story.Lose();
        _story.Lose();
        var after = _story.Act();
        var finding = _story.One("lineage.sequence_gap");
        Assert.Equal(after, finding.Records[0]);
        Assert.Contains("2 records", finding.Found);
    }

    [Fact]
    public void Sequence_gap_is_not_found_where_records_of_two_streams_interleave()
    {
        var task = _story.Begin();
        _story.Begin(task, by: "second");
        _story.Act(task);
        _story.Act(task, by: "second");
        _story.None("lineage.sequence_gap");
    }

    [Fact]
    public void Count_mismatch_is_found_where_the_end_counts_more_than_there_is()
    {
        _story.Finish(_story.Begin(), records: 5);
        Assert.Equal(("5 records, as counted", "2"), (_story.One("lineage.count_mismatch").Expected, _story.One("lineage.count_mismatch").Found));
    }

    [Fact]
    public void Count_mismatch_is_not_found_where_an_emitter_went_on_after_it_was_counted()
    {
        var task = _story.Begin();
        _story.Finish(task);
        _story.Begin(task);
        _story.None("lineage.count_mismatch");
    }

    [Fact]
    public void Repeated_ordinal_is_found_with_both_records()
    {
        var first = _story.Tell(RecordKinds.ContextCaptured, seq: 0);
        var second = _story.Tell(RecordKinds.ContextCaptured, seq: 0);
        _story.One("lineage.sequence_repeated").RestsOn(first, second);
    }

    [Fact]
    public void Repeated_ordinal_is_not_found_where_one_record_arrived_twice()
    {
        _story.Tell(RecordKinds.ContextCaptured);
        var trail = Trail.From([.. _story.Records, _story.Records[0] with { Statement = 7 }]);
        Assert.Single(trail.Records);
    }

    [Fact]
    public void Late_declaration_is_found_for_a_task_that_is_declared_after_its_records()
    {
        var task = SpanId.New();
        var early = _story.Tell(RecordKinds.ContextCaptured, span: task);
        _story.Begin(span: task);
        _story.One("lineage.late_declaration").RestsOn(_story.Records[1].Record.Id, early);
    }

    [Fact]
    public void Late_declaration_is_found_for_a_delegation_granted_after_the_work()
    {
        var (task, child) = (_story.Begin(), SpanId.New());
        _story.Act(child, agent: "b", by: "second");
        _story.Wait(60);
        _story.Delegate(task, child: child);
        _story.One("lineage.late_declaration");
    }

    [Fact]
    public void Late_declaration_is_not_found_within_what_clocks_may_differ()
    {
        var (task, child) = (_story.Begin(), SpanId.New());
        _story.Act(child, agent: "b", by: "second");
        _story.Wait(4);
        _story.Delegate(task, child: child);
        _story.None("lineage.late_declaration");
    }

    [Fact]
    public void Impossible_time_order_is_found_for_an_outcome_before_its_request()
    {
        var span = SpanId.New();
        var request = _story.Request(span);
        _story.Wait(-1);
        var outcome = _story.Complete(request, span);
        _story.One("lineage.time_order").RestsOn(request, outcome);
    }

    [Theory]
    [InlineData(-3, false)]
    [InlineData(-30, true)]
    public void Impossible_time_order_of_two_streams_is_found_beyond_what_clocks_may_differ(double seconds, bool found)
    {
        var span = SpanId.New();
        var request = _story.Request(span);
        _story.Wait(seconds);
        _story.Complete(request, span, by: "second");
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "lineage.time_order"));
    }

    [Fact]
    public void Impossible_time_order_is_found_for_a_clock_that_goes_back()
    {
        _story.Tell(RecordKinds.ContextCaptured);
        _story.Wait(-60);
        _story.Tell(RecordKinds.ContextCaptured);
        Assert.Contains("clock", _story.One("lineage.time_order").Subject);
    }

    [Fact]
    public void Impossible_time_order_is_not_found_where_two_hosts_clocks_differ_a_little()
    {
        var task = _story.Begin();
        _story.Wait(-3);
        _story.Begin(task, by: "second");
        _story.None("lineage.time_order");
    }
}
