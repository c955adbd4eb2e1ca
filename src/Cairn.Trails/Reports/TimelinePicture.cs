using Cairn.Evidence;

namespace Cairn.Trails.Reports;

/// <summary>
/// What happened when, one lane for each agent. While there are few acts, each is drawn with its name; when there are many, a
/// lane shows how many there were in each slice of time, and how they came out.
/// </summary>
internal static class TimelinePicture
{
    private const int MostLanes = 16;
    private const int MostDrawnOneByOne = 120;
    private const int MostArrows = 40;
    private const double Top = 26;

    public static void Write(HtmlPage page, Trail trail, Names names)
    {
        var scale = new TimeScale(trail.Started, trail.Ended);
        var lanes = LanesOf(trail, names);
        var one = lanes.Sum(lane => lane.Items.Count) <= MostDrawnOneByOne;
        var (y, drawn, cuts) = (Top, new List<Drawn>(), new List<double>());
        foreach (var lane in lanes)
        {
            lane.Top = y;
            var body = HtmlPage.Fragment(svg => lane.Draw(svg, scale, one));
            drawn.Add(new Drawn(lane.Top, lane.Bottom, body));
            cuts.Add(y = lane.Bottom);
        }

        cuts[^1] = y + 4;
        drawn.Insert(0, new Drawn(0, y, HtmlPage.Fragment(svg => scale.Draw(svg, Top, y))));
        drawn.AddRange(Arrows(trail, lanes, scale, names));
        page.Markup("<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">When it happened</h2>\n");
        var how = one ? "Each act is drawn from when it was asked for until it came out." : "Each column counts the acts of a slice of time; its height grows with the square root of their number, within its lane.";
        Svg.Figure(page, "timeline-picture", "Timeline", $"{HtmlText.Count(trail.Actions.Count, "action")} by {HtmlText.Count(lanes.Sum(lane => lane.Agents), "participant")}, from {HtmlText.Time(trail.Started)} on, for {HtmlText.Duration(trail.Ended - trail.Started)}. {how} Times are the emitters' own; the evidence below has each in words.", cuts, drawn);
        page.Markup("</section>\n");
    }

    private static List<TimelineLane> LanesOf(Trail trail, Names names)
    {
        // Where there are too many, those that did most have lanes of their own; all by the time of their first record.
        var did = trail.Actions.GroupBy(action => action.Actor.Id).ToDictionary(group => group.Key, group => group.Count());
        var agents = trail.Records.Select(record => record.Record.Actor.Id).Distinct().ToList();
        var own = agents.OrderByDescending(agent => did.GetValueOrDefault(agent)).Take(agents.Count > MostLanes ? MostLanes - 1 : MostLanes).ToHashSet();
        var lanes = agents.Where(own.Contains).Select(agent => new TimelineLane(names.Of(agent), 1)).ToList();
        var byAgent = agents.Where(own.Contains).Select((agent, i) => (agent, i)).ToDictionary(pair => pair.agent, pair => pair.i);
        if (agents.Count > lanes.Count)
        {
            lanes.Add(new TimelineLane(HtmlText.Count(agents.Count - lanes.Count, "other participant"), agents.Count - lanes.Count));
        }

        TimelineLane LaneOf(SpiffeId agent) => lanes[byAgent.TryGetValue(agent, out var lane) ? lane : lanes.Count - 1];
        foreach (var action in trail.Actions)
        {
            var lane = LaneOf(action.Actor.Id);
            lane.Actions++;
            lane.Items.Add(new TimelineItem(action.Requested, action.FirstCompleted ?? action.Requested, RecordWords.Act(action), Outcomes.Tone(action.Status), false));
        }

        foreach (var approval in trail.Authority.Approvals.Where(approval => approval.HasQuestion))
        {
            if (trail.Find.Action(approval.Action) is { } action)
            {
                LaneOf(action.Actor.Id).Items.Add(new TimelineItem(approval.Asked, approval.Answered ?? approval.Asked, $"approval: {approval.Answer ?? "no answer"}", "open", true));
            }
        }

        foreach (var lane in lanes)
        {
            lane.Items.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : string.CompareOrdinal(a.Name, b.Name));
        }

        foreach (var task in trail.Tasks)
        {
            LaneOf(task.Agent.Id).Spans.Add((task.Started, task.Ended ?? trail.Ended));
        }

        return lanes;
    }

    private static IEnumerable<Drawn> Arrows(Trail trail, List<TimelineLane> lanes, TimeScale scale, Names names)
    {
        foreach (var delegation in trail.Delegations.Count > MostArrows ? [] : trail.Delegations)
        {
            var from = lanes.FindIndex(lane => lane.Name == names.Of(delegation.From));
            var to = lanes.FindIndex(lane => lane.Name == names.Of(delegation.To));
            if (from >= 0 && to >= 0 && from != to)
            {
                var down = to > from;
                var (x, start, end) = (scale.At(delegation.Granted), down ? lanes[from].Bottom : lanes[from].Top, down ? lanes[to].Top + 12 : lanes[to].Bottom - 12);
                var tip = down ? -6 : 6;
                yield return new Drawn(Math.Min(start, end), Math.Max(start, end), HtmlPage.Fragment(svg => svg.Write(
                    $"<path class=\"arrow\" d=\"M{x} {start}V{end}\"/><path class=\"tip\" d=\"M{x - 4} {end + tip}L{x} {end}L{x + 4} {end + tip}Z\"/>")));
            }
        }
    }
}
