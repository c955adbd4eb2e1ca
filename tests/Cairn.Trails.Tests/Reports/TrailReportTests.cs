using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Bundles;
using Cairn.Trails.Findings;
using Cairn.Trails.Reports;

namespace Cairn.Trails.Tests.Reports;

public sealed partial class TrailReportTests
{
    [Fact]
    public void Same_evidence_in_any_order_of_arrival_gives_the_same_bytes()
    {
        var story = Eventful();
        var page = TrailReport.Render(Reported.Evidence(story.Records));

        Assert.Equal(page, TrailReport.Render(Reported.Evidence([.. story.Records.Reverse()])));
        var (culture, zone) = (CultureInfo.CurrentCulture, Environment.GetEnvironmentVariable("TZ"));
        try
        {
            var other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (other.NumberFormat.NumberDecimalSeparator, other.NumberFormat.NegativeSign, other.NumberFormat.NumberGroupSeparator) = (",", "~", ".");
            CultureInfo.CurrentCulture = other;
            Environment.SetEnvironmentVariable("TZ", "Pacific/Kiritimati");
            TimeZoneInfo.ClearCachedData();
            Assert.Equal(page, TrailReport.Render(Reported.Evidence(story.Records)));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
            Environment.SetEnvironmentVariable("TZ", zone);
            TimeZoneInfo.ClearCachedData();
        }
    }

    [Fact]
    public void Page_tells_answers_verdicts_pictures_findings_proofs_and_how_to_verify()
    {
        var story = Eventful();
        var page = Reported.Page(story);

        Assert.All(
            new[] { "What happened, in plain words", "What is proven, and what is not", "When it happened", "Who acted for whom", "Findings", "Evidence", "Who recorded it", "How to verify it yourself" },
            heading => Assert.Contains($">{heading}</h2>", page));
        Assert.Contains("What agent/a did for alice", page);
        Assert.Contains("authority.act_after_deny", page);
        Assert.Contains(RuleGuide.Of("authority.act_after_deny").Do, WebUtility.HtmlDecode(page));
        Assert.Contains(VerifierPage.Sha256.ToString(), page);
        Assert.All(story.Records, record =>
        {
            Assert.Contains($"id {record.Record.Id}", page);
            Assert.Contains($"hash {record.Record.LeafHash}", page);
        });
    }

    [Fact]
    public void Every_citation_leads_to_a_record_on_the_page()
    {
        var page = Reported.Page(Eventful());

        var cited = Link().Matches(page).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(cited);
        Assert.All(cited, anchor => Assert.Contains($" id=\"{anchor}\"", page));
        Assert.Equal(Anchor().Count(page), Anchor().Matches(page).Select(match => match.Value).Distinct().Count());
    }

    [Fact]
    public void Page_asks_nothing_of_a_network_and_permits_no_script()
    {
        var page = Reported.Page(Eventful());
        var style = page[(page.IndexOf("<style>", StringComparison.Ordinal) + 7)..page.IndexOf("</style>", StringComparison.Ordinal)];

        Assert.Contains($"content=\"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'; base-uri 'none'; form-action 'none'\"", page);
        Assert.DoesNotContain("url(", style);
        Assert.DoesNotContain("@import", style);
        Assert.Empty(Reported.Elements(page).Intersect(["script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use", "foreignObject"]));
        Assert.Empty(Reported.Attributes(page).Intersect(["src", "srcset", "style", "action", "xlink:href"]));
        Assert.DoesNotContain(Reported.Attributes(page), name => name.StartsWith("on", StringComparison.OrdinalIgnoreCase));
        Assert.All(Href().Matches(page), href => Assert.StartsWith("#", href.Groups[1].Value));
    }

    [Fact]
    public void Texts_of_records_stay_texts_wherever_they_stand()
    {
        const string Evil = "\"'></title></style><script>alert(1)</script><img src=x onerror=alert(1)>&#60;svg onload=alert(1)>\u202egnp\u0001\u2028\n{{7*7}}";
        var clean = Reported.Page(Told("plain"));
        var page = Reported.Page(Told(Evil));

        // The texts made no element and no attribute; where a name stands in a picture is by its length.
        Assert.Equal(Reported.Elements(clean), Reported.Elements(page));
        Assert.Empty(Reported.Attributes(page).Except(Reported.Attributes(clean)).Except(["text-anchor"]));
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u202e', page);
        Assert.DoesNotContain('\u2028', page);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page);
        Assert.Contains("\\u202egnp\\u0001\\u2028\\u000a", page);
    }

    [Fact]
    public void Long_texts_are_cut_and_their_length_is_told()
    {
        var story = new TrailStory();
        var root = story.Begin(principal: new string('x', 20_000));
        story.Act(root);
        story.Finish(root);

        var page = Reported.Page(story);

        Assert.DoesNotContain(new string('x', HtmlText.Most + 1), page);
        Assert.Matches(@"xxx… \(20,\d\d\d characters\)", page);
    }

    [Fact]
    public void Identities_of_another_trust_domain_stand_in_full()
    {
        var story = new TrailStory();
        var root = story.Begin();
        story.Tell(RecordKinds.DelegationGranted, null, new { from = TrailStory.Agent("a"), to = "spiffe://elsewhere.example/agent/b", scope = new[] { "x" }, purpose = "help", child_span = SpanId.New().ToString() }, SpanId.New(), root, root);
        story.Finish(root);

        Assert.Contains("/agent/a delegated to spiffe://elsewhere.example/agent/b", Reported.Page(story));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(500)]
    [InlineData(50_000)]
    public void Page_stays_small_and_says_what_is_folded_however_large_the_trail(int actions)
    {
        var story = new TrailStory();
        var root = story.Begin();
        var tasks = Enumerable.Range(0, Math.Min(actions, 300)).Select(i => story.Delegate(root, "a", $"w{i}", ["tool:*"])).ToArray();
        for (var i = 0; i < actions; i++)
        {
            story.Act(tasks[i % tasks.Length], $"tool{i % 1000}", agent: $"w{i % tasks.Length}", by: $"g{i % 10}", more: new { writes = true }, status: i % 50 == 7 ? "tool_error" : "ok");
        }

        var page = Reported.Page(story);

        Assert.InRange(page.Length, 10_000, 1_500_000);
        Assert.Equal(actions > 5, page.Contains("records are on this page: the first 500, and those that are cited", StringComparison.Ordinal));
        Assert.Equal(actions > 5, page.Contains("more tasks and delegations, folded", StringComparison.Ordinal));
        Assert.Equal(actions > 5, page.Contains("Each column counts the acts of a slice of time", StringComparison.Ordinal));
        Assert.All(Link().Matches(page).Select(match => match.Groups[1].Value).Distinct(), anchor => Assert.Contains($" id=\"{anchor}\"", page));
    }

    [Fact]
    public void Every_rule_s_meaning_and_remedy_are_read_from_its_page() => Assert.All(RuleCatalogue.All, rule =>
    {
        var guide = RuleGuide.Of(rule.Id);
        Assert.All(new[] { guide.Means, guide.Matters, guide.HarmlessWhen, guide.Do }, text => Assert.Matches(@"^\S[^`]*\S$", text));
        Assert.DoesNotContain("**", guide.Do);
    });

    // Two agents; something was refused and done all the same, something waited for an answer, something is open.
    private static TrailStory Eventful()
    {
        var story = new TrailStory();
        var root = story.Begin();
        story.Act(root);
        var work = story.Delegate(root, "a", "b", ["tool:read_file"]);
        story.Begin(work, agent: "b", by: "other");
        var denied = story.NewId();
        story.Decide(denied, "deny");
        story.Act(work, "pay", agent: "b", id: denied, more: new { writes = true });
        var asked = story.NewId();
        story.Decide(asked, "needs_approval");
        story.Answer(story.Ask(asked));
        story.Wait(20);
        story.Act(work, "pay", agent: "b", id: asked);
        story.Act(work, "pay", status: null, agent: "b");
        story.EndDelegation(work);
        story.Finish(root);
        return story;
    }

    // A text in every member that a record may hold freely.
    private static TrailStory Told(string text)
    {
        var story = new TrailStory { Trace = TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736") };
        var root = story.Begin(principal: text);
        story.Tell(RecordKinds.ContextCaptured, null, new { subject = text, name = text, digest = text }, root);
        var span = SpanId.New();
        story.Tell(RecordKinds.DelegationGranted, null, new { from = text, to = text, scope = new[] { text }, purpose = text, child_span = span.ToString() }, span, root, root);
        story.Tell(RecordKinds.PolicyLoaded, null, new { bundle = text, name = text, version = text, mode = text, errors = new[] { text } });
        var action = story.NewId();
        story.Decide(action, text, more: new { determining = new[] { text }, reason = text, errors = new[] { text }, bundle = text, version = text });
        var question = story.Tell(RecordKinds.ApprovalRequested, null, new { action = action.ToString(), action_digest = text, approvers = new[] { text } });
        story.Tell(RecordKinds.ApprovalRecorded, null, new { requested = question.ToString(), action_digest = text, decision = text, approver = text, authenticated = text });
        story.Issue(text, "a", [text], [text], more: new { subject = text, issuer = text });
        story.Use(text, action);
        story.Tell(RecordKinds.CredentialRevoked, null, new { id = text, reason = text });
        story.Tell(RecordKinds.CredentialRefused, null, new { error = text, reason = text, scope = new[] { text } });
        story.Act(root, id: action, type: text, resource: $"mcp://{text}/tools/{text}", status: text, more: new { error = text, writes = true });
        story.Tell(RecordKinds.EffectObserved, null, new { system = text, event_id = text, operation = text, resource = text, status = text });
        story.Tell(RecordKinds.GapDeclared, null, new { reason = text, count = 1, detail = text });
        story.Finish(root);
        return story;
    }

    [GeneratedRegex("href=\"#(r\\d+)\"")]
    private static partial Regex Link();

    [GeneratedRegex("href=\"([^\"]*)\"")]
    private static partial Regex Href();

    [GeneratedRegex(" id=\"[^\"]+\"")]
    private static partial Regex Anchor();
}
