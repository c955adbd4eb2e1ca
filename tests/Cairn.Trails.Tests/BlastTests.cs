using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Compromises;
using CsCheck;

namespace Cairn.Trails.Tests;

/// <summary>Stories in which something is compromised at the 100th second, and stories that come close.</summary>
public sealed class BlastTests
{
    private static readonly DateTimeOffset T = TrailStory.Start.AddSeconds(100);

    [Fact]
    public void Credential_reaches_what_was_done_with_it_since_and_not_before()
    {
        var story = new TrailStory();
        var task = story.Begin();
        story.Issue(seconds: 1000);
        var before = story.Act(task, more: new { credential = "c1" });
        story.Wait(200);
        var since = story.Act(task, more: new { credential = "c1" });
        var other = story.Act(task, more: new { credential = "c2" });

        var report = Reach(CompromiseKind.Credential, "c1", story);

        Assert.Equal([since], Requests(report));
        Assert.DoesNotContain(report.Records, record => record.Record == before || record.Record == other);
        Assert.Equal(["c1"], report.Credentials.Select(credential => credential.Id));
    }

    [Fact]
    public void Credential_reaches_those_exchanged_for_it_since_in_other_trails_too_and_no_sibling()
    {
        var first = new TrailStory();
        first.Issue("root", seconds: 1000);
        first.Issue("early", more: new { parent = "root" }, seconds: 1000);
        var second = new TrailStory().Wait(200);
        second.Issue("child", more: new { parent = "root" });
        var third = new TrailStory().Wait(210);
        third.Issue("grandchild", more: new { parent = "child" });
        third.Issue("sibling", more: new { parent = "elsewhere" });
        var act = third.Act(more: new { credential = "grandchild" });
        var near = third.Act(more: new { credential = "sibling" });
        var early = third.Act(more: new { credential = "early" });

        foreach (var order in new[] { new[] { first, second, third }, [third, second, first] })
        {
            var report = Reach(CompromiseKind.Credential, "root", order);
            Assert.Equal(["child", "grandchild", "root"], report.Credentials.Select(credential => credential.Id).Order());
            Assert.Equal([act], Requests(report));
            Assert.DoesNotContain(report.Records, record => record.Record == near || record.Record == early);
        }
    }

    [Fact]
    public void Credential_reaches_the_delegate_below_the_act_its_credentials_and_the_effects()
    {
        var story = new TrailStory();
        var task = story.Begin();
        story.Wait(200);
        var span = SpanId.New();
        var request = story.Request(span, task, more: new { credential = "c1" });
        story.Complete(request, span);
        var child = story.Delegate(span, "a", "b");
        var delegation = story.Records[^1].Record.Id;
        var below = story.Begin(child, "b", "agent/b");
        var act = story.Act(below, agent: "b", by: "agent/b", resource: "mcp://bank/tools/pay");
        story.Issue("b1", "b", more: new { delegation = delegation.ToString() });
        var used = new TrailStory().Wait(300);
        var elsewhere = used.Act(more: new { credential = "b1" });
        story.Tell(RecordKinds.EffectObserved, body: new { system = "bank", event_id = "1", operation = "pay", resource = "account", status = "ok", action = act.ToString() }, by: "importer/bank");
        story.Tell(RecordKinds.EffectObserved, body: new { system = "bank", event_id = "2", operation = "pay", resource = "another", status = "ok" }, by: "importer/bank");
        var beside = story.Act(task);

        var report = Reach(CompromiseKind.Credential, "c1", story, used);

        Assert.Equal(new[] { request, act, elsewhere }.Order(Ids), Requests(report).Order(Ids));
        Assert.DoesNotContain(report.Records, record => record.Record == beside);
        Assert.Equal(["b1", "c1"], report.Credentials.Select(credential => credential.Id).Order());
        Assert.Equal(1, report.Impacts.Sum(impact => impact.Delegations.Count));
        Assert.Equal(["account"], report.Impacts.SelectMany(impact => impact.Effects).Select(effect => effect.Resource));
        Assert.Contains(report.Agents, agent => agent.ToString() == TrailStory.Agent("b"));
    }

    [Fact]
    public void Key_reaches_credentials_bound_to_it_and_uses_that_showed_it()
    {
        var story = new TrailStory();
        story.Issue("bound", more: new { holder_key = "k1" }, seconds: 1000);
        story.Issue("over", more: new { holder_key = "k1" }, seconds: 10);
        story.Issue("other", more: new { holder_key = "k2" }, seconds: 1000);
        story.Wait(200);
        var bound = story.Act(more: new { credential = "bound" });
        var shown = story.Act(more: new { credential = "other" });
        story.Use("other", shown, more: new { holder_key = "k1" });
        var near = story.Act(more: new { credential = "other" });

        var report = Reach(CompromiseKind.Key, "k1", story);

        Assert.Equal(new[] { bound, shown }.Order(Ids), Requests(report).Order(Ids));
        Assert.Equal(["bound"], report.Credentials.Select(credential => credential.Id));
        Assert.DoesNotContain(report.Records, record => record.Record == near);
    }

    [Fact]
    public void Agent_reaches_its_own_acts_what_it_delegated_and_what_others_did_with_its_credentials()
    {
        var story = new TrailStory();
        var task = story.Begin();
        story.Issue("held", "a", seconds: 1000);
        story.Issue("ended", "a", seconds: 10);
        var before = story.Act(task);
        story.Wait(200);
        var own = story.Act(task);
        var below = story.Act(story.Begin(story.Delegate(task, "a", "b"), "b"), agent: "b");
        var stolen = story.Act(agent: "c", more: new { credential = "held" });
        var near = story.Act(agent: "c", more: new { credential = "ended" });
        var other = story.Act(agent: "c");

        var report = Reach(CompromiseKind.Agent, TrailStory.Agent("a"), story);

        Assert.Equal(new[] { own, below, stolen }.Order(Ids), Requests(report).Order(Ids));
        Assert.DoesNotContain(report.Records, record => record.Record == before || record.Record == near || record.Record == other);
        Assert.Equal(["held"], report.Credentials.Select(credential => credential.Id));
    }

    [Fact]
    public void Tool_reaches_its_calls_by_name_by_resource_and_by_server_and_none_that_only_begins_alike()
    {
        var story = new TrailStory().Wait(200);
        var span = SpanId.New();
        var call = story.Request(span, tool: "pay");
        story.Complete(call, span);
        var below = story.Act(span, "read_file");
        var alike = story.Act(tool: "pay_more");
        var server = story.Act(resource: "mcp://files2/tools/pay_more");

        Assert.Equal(new[] { call, below }.Order(Ids), Requests(Reach(CompromiseKind.Tool, "pay", story)).Order(Ids));
        Assert.Equal(new[] { call, below }.Order(Ids), Requests(Reach(CompromiseKind.Tool, "mcp://files/tools/pay", story)).Order(Ids));
        var whole = Requests(Reach(CompromiseKind.Tool, "mcp://files", story)).ToList();
        Assert.Contains(alike, whole);
        Assert.DoesNotContain(server, whole);
    }

    [Fact]
    public void Act_that_was_under_way_when_the_tool_went_bad_is_reached()
    {
        var story = new TrailStory().Wait(99.9);
        var span = SpanId.New();
        var call = story.Request(span, tool: "pay");
        story.Wait(1);
        story.Complete(call, span, more: new { duration_us = 1_000_000 });

        Assert.Equal([call], Requests(Reach(CompromiseKind.Tool, "pay", story)));
    }

    [Fact]
    public void Policy_reaches_what_it_let_through_since_and_counts_its_decisions()
    {
        var story = new TrailStory();
        RecordId Decided(string decision, string version, string status)
        {
            var id = story.NewId();
            var by = story.Decide(id, decision, more: new { version, bundle = $"sha256:{version}", determining = new[] { $"rule-{version}" } });
            return story.Act(id: id, more: new { decision = by.ToString() }, status: status);
        }

        var before = Decided("allow", "2", "ok");
        story.Wait(200);
        var (let, denied, other) = (Decided("allow", "2", "ok"), Decided("deny", "2", "refused"), Decided("allow", "1", "ok"));

        foreach (var id in new[] { "2", "sha256:2", "rule-2" })
        {
            var report = Reach(CompromiseKind.Policy, id, story);
            Assert.Equal(new[] { let, denied }.Order(Ids), Requests(report).Order(Ids));
            Assert.Equal(["allow", "deny"], report.Impacts.SelectMany(impact => impact.Decisions).Select(decision => decision.Outcome).Order());
            Assert.DoesNotContain(report.Records, record => record.Record == before || record.Record == other);
        }
    }

    [Fact]
    public void Person_reaches_what_they_asked_for_and_approved_and_what_was_done_in_their_name()
    {
        var story = new TrailStory();
        var early = story.Begin(principal: "mallory");
        var before = story.Act(early);
        story.Wait(200);
        var asked = story.Act(story.Begin(principal: "mallory"));
        var id = story.NewId();
        var question = story.Ask(id);
        var answer = story.Answer(question);
        var approved = story.Act(early, id: id, more: new { approval = answer.ToString() });
        var other = story.Act(story.Begin(principal: "alice"));
        story.Issue("hers", more: new { subject = "mallory" });
        var named = story.Act(more: new { credential = "hers" });

        Assert.Equal(new[] { asked, named }.Order(Ids), Requests(Reach(CompromiseKind.Person, "mallory", story)).Order(Ids));
        Assert.Equal([approved], Requests(Reach(CompromiseKind.Person, "os-user:ada", story)));
        Assert.DoesNotContain(Reach(CompromiseKind.Person, "mallory", story).Records, record => record.Record == before || record.Record == other);
    }

    [Fact]
    public void Emitter_reaches_what_it_told_and_its_proofs_degrade_unless_a_checkpoint_from_before_covers_them()
    {
        var story = new TrailStory();
        story.Act();
        story.Wait(200);
        var bad = story.Act();
        var good = story.Act(by: "second");
        var emitter = SpiffeId.Parse($"{TrailStory.Domain}/gateway/gateway");
        var anchor = new CheckpointAnchor(1, T.AddSeconds(-1), "a witness");
        var standing = new ProofStanding(new HashSet<SpiffeId> { emitter }, T, [anchor, new CheckpointAnchor(4, T.AddSeconds(1), "a witness")]);

        var radius = new BlastRadius(new Compromise(CompromiseKind.Emitter, emitter.ToString(), T));
        radius.Take([story.Read()]);
        var report = radius.Report(standing);

        Assert.Equal([bad], Requests(report));
        Assert.DoesNotContain(report.Records, record => record.Record == good);
        Assert.Equal(new Dictionary<Standing, int> { [Standing.SignedSince] = 2 }, report.Proofs);
        Assert.Equal(
            [Standing.AnchoredBefore, Standing.ClaimsToBeBefore, Standing.SignedSince, Standing.SignedSince, Standing.SignerIsGood, Standing.SignerIsGood],
            story.Records.Select(record => standing.Of(record.Issuer, record.Statement, record.Record.Time)));
        Assert.Equal(anchor, standing.Anchor);
    }

    /// <summary>The law: the order in which trails are looked at changes nothing.</summary>
    [Fact]
    public void Order_of_trails_changes_no_reach() => Gen.Select(
        Findings.RandomStory.Steps.Array[2, 4], Gen.Int[0, 999], Gen.Int[0, 6]).Sample(
        (tales, seed, kind) =>
        {
            var stories = tales.Select(steps => Findings.RandomStory.Tell(steps)).ToArray();
            var id = new[] { "c0", "k1", TrailStory.Agent("b"), "read_file", "1", $"{TrailStory.Domain}/gateway/second", "alice" }[kind];
            var compromise = new Compromise((CompromiseKind)kind, id, TrailStory.Start.AddSeconds(seed % 30));
            var expected = Text(Reach(compromise, stories));
            new Random(seed).Shuffle(stories);
            return Text(Reach(compromise, stories)) == expected;
        },
        iter: 150);

    [Fact]
    public async Task Search_finds_by_the_index_the_trails_that_a_suspect_credential_leads_to()
    {
        await using var trails = await TrailLedger.OpenAsync();
        var begins = DateTimeOffset.UtcNow;
        var first = new TrailStory { Begins = begins };
        first.Issue("root", seconds: 1000);
        var second = new TrailStory { Begins = begins.AddSeconds(1) };
        second.Issue("child", more: new { parent = "root" }, seconds: 1000);
        var third = new TrailStory { Begins = begins.AddSeconds(2) };
        var act = third.Act(more: new { credential = "child" });
        var unrelated = new TrailStory { Begins = begins.AddSeconds(2) };
        unrelated.Act(more: new { credential = "another" });

        // The ledger's first checkpoint is to be younger than the second compromise, so that it proves no record to be older.
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        foreach (var story in new[] { third, unrelated, first, second })
        {
            await trails.TellAsync(story);
        }

        using var index = Index.TrailIndex.Open(trails.Ledger, trails.Directory);
        await index.CatchUpAsync(TestContext.Current.CancellationToken);
        var search = new BlastSearch(trails.Ledger, index);
        var report = await search.FindAsync(new Compromise(CompromiseKind.Credential, "root", begins.AddMilliseconds(-1)), trails.Directory.TrustPolicy(), [], TestContext.Current.CancellationToken);

        Assert.Equal([act], Requests(report));
        Assert.Equal(3, report.Trails);
        Assert.Equal(["child", "root"], report.Credentials.Select(credential => credential.Id).Order());

        var emitter = await search.FindAsync(
            new Compromise(CompromiseKind.Emitter, $"{TrailStory.Domain}/gateway/test", begins.AddSeconds(1.5)), trails.Directory.TrustPolicy(), [], TestContext.Current.CancellationToken);
        Assert.Equal(2, emitter.SignedByBad[Standing.ClaimsToBeBefore]);
        Assert.Equal(4, emitter.SignedByBad[Standing.SignedSince]);
    }

    private static BlastReport Reach(CompromiseKind kind, string id, params TrailStory[] stories) => Reach(new Compromise(kind, id, T), stories);

    private static BlastReport Reach(Compromise compromise, params TrailStory[] stories)
    {
        var radius = new BlastRadius(compromise);
        radius.Take(stories.Select(story => story.Read()));
        return radius.Report(new ProofStanding(new HashSet<SpiffeId>(), compromise.Since, []));
    }

    private static IEnumerable<RecordId> Requests(BlastReport report) => report.Impacts.SelectMany(impact => impact.Actions).Select(action => action.Request);

    private static Comparer<RecordId> Ids { get; } = Comparer<RecordId>.Create((one, other) => string.CompareOrdinal(one.ToString(), other.ToString()));

    private static string Text(BlastReport report) =>
        $"{string.Join(' ', report.Records.Select(record => record.Record))} {string.Join(' ', report.Credentials.Select(credential => $"{credential.Id} {credential.Since:O}"))}";
}
