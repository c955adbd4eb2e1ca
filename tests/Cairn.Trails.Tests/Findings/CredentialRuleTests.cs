using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

public sealed class CredentialRuleTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Good_use_of_a_credential_has_no_finding_of_credentials()
    {
        _story.Issue(more: new { holder_key = "k1" });
        _story.Use("c1", Act("c1"), more: new { holder_key = "k1", proof = "dpop" });
        Assert.DoesNotContain(_story.Findings(book: new WholeBook(_story.Read())), finding => finding.Rule.StartsWith("credentials.", StringComparison.Ordinal));
    }

    [Fact]
    public void Unknown_credential_is_found_where_the_whole_ledger_does_not_know_it()
    {
        var act = Act("stranger");
        _story.One("credentials.unknown", book: new WholeBook(_story.Read())).RestsOn(act);
    }

    [Fact]
    public void Unknown_credential_is_not_found_where_only_one_trail_is_known()
    {
        Act("stranger");
        _story.None("credentials.unknown");
    }

    [Fact]
    public void Use_before_issue_is_found()
    {
        var act = Act("c1");
        _story.Wait(60);
        var issue = _story.Issue();
        _story.One("credentials.used_before_issue").RestsOn(act, issue);
    }

    [Fact]
    public void Use_after_expiry_is_found()
    {
        var issue = _story.Issue(seconds: 30);
        _story.Wait(60);
        var act = Act("c1");
        _story.One("credentials.used_after_expiry").RestsOn(act, issue);
    }

    [Fact]
    public void Use_after_revocation_is_found()
    {
        _story.Issue();
        var revoked = _story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "stolen" });
        _story.Wait(10);
        var act = Act("c1");
        _story.One("credentials.used_after_revocation").RestsOn(act, revoked);
    }

    [Fact]
    public void Use_at_the_edge_of_its_life_is_not_found_out_of_time()
    {
        Act("c1");
        _story.Wait(3);
        _story.Issue(seconds: 30);
        _story.Wait(33);
        Act("c1");
        _story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "over" });
        Act("c1");
        _story.Wait(60);
        Act("c1", status: "refused");
        foreach (var rule in new[] { "used_before_issue", "used_after_expiry", "used_after_revocation" })
        {
            _story.None($"credentials.{rule}");
        }
    }

    [Fact]
    public void Second_issue_under_one_id_is_found_and_does_not_lengthen_its_life()
    {
        var first = _story.Issue(seconds: 10);
        _story.Wait(60);
        var act = Act("c1");
        var second = _story.Issue();
        _story.One("credentials.issued_twice").RestsOn(first, second);
        _story.One("credentials.used_after_expiry").RestsOn(act, first);
    }

    [Fact]
    public void Issue_of_two_ids_is_not_found_twice()
    {
        _story.Issue("c1");
        _story.Issue("c2");
        _story.None("credentials.issued_twice");
    }

    [Theory]
    [InlineData(25 * 3600.0, true)]
    [InlineData(24 * 3600.0, false)]
    public void Long_life_is_found_beyond_a_day(double seconds, bool found)
    {
        _story.Issue(seconds: seconds);
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "credentials.long_lived"));
    }

    [Fact]
    public void Life_without_an_end_is_long()
    {
        _story.Tell(RecordKinds.CredentialIssued, body: new { id = "key", issuer = "i", subject = "s", type = "api_key" });
        Assert.Equal("no end", _story.One("credentials.long_lived").Found);
    }

    [Theory]
    [InlineData("tool:write_file", true)]
    [InlineData("tool:read_*", false)]
    [InlineData("files", false)]
    public void Use_outside_the_scope_is_found_where_the_scope_speaks_of_tools(string scope, bool found)
    {
        _story.Issue(scope: [scope]);
        Act("c1");
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "credentials.outside_scope"));
    }

    [Theory]
    [InlineData("mcp://bank", true)]
    [InlineData("mcp://file", true)]
    [InlineData("mcp://files", false)]
    [InlineData("mcp://files/tools/read_file", false)]
    [InlineData("https://files.example.org", false)]
    public void Use_outside_the_audience_is_found_where_both_name_targets_alike(string audience, bool found)
    {
        _story.Issue(audience: [audience]);
        Act("c1");
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "credentials.outside_audience"));
    }

    [Theory]
    [InlineData("k2", "dpop", true)]
    [InlineData("k1", "none", true)]
    [InlineData("k1", "dpop", false)]
    public void Use_with_another_key_or_without_proof_is_found(string key, string proof, bool found)
    {
        _story.Issue(more: new { holder_key = "k1" });
        _story.Use("c1", Act("c1"), more: new { holder_key = key, proof });
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "credentials.another_key"));
    }

    [Fact]
    public void Use_without_proof_of_a_credential_that_is_bound_to_no_key_is_not_found()
    {
        _story.Issue();
        _story.Use("c1", Act("c1"), more: new { proof = "none" });
        _story.None("credentials.another_key");
    }

    [Theory]
    [InlineData("b", true)]
    [InlineData("a", false)]
    public void Use_by_another_workload_is_found(string holder, bool found)
    {
        _story.Issue(holder: holder);
        Act("c1");
        Assert.Equal(found, _story.Findings().Any(finding => finding.Rule == "credentials.another_workload"));
    }

    [Fact]
    public void Credential_shared_by_two_agents_is_found_with_both_uses()
    {
        var (one, other) = (Act("c1"), _story.Act(agent: "b", by: "second", more: new { credential = "c1" }));
        _story.One("credentials.shared_by_agents").RestsOn(one, other);
    }

    [Fact]
    public void Credential_used_twice_by_one_agent_is_not_shared()
    {
        Act("c1");
        Act("c1");
        _story.None("credentials.shared_by_agents");
        _story.None("credentials.shared_by_tasks");
    }

    [Fact]
    public void Credential_used_in_two_trails_is_shared_by_tasks()
    {
        var act = Act("c1");
        var elsewhere = new CredentialHolding(TraceId.New(), SpiffeId.Parse(TrailStory.Agent("a")), RecordId.New(TrailStory.Start));
        _story.One("credentials.shared_by_tasks", book: new WholeBook(_story.Read(), elsewhere)).RestsOn(act, elsewhere.Record);
    }

    [Fact]
    public void Identity_document_used_in_two_trails_is_not_shared_by_tasks()
    {
        _story.Issue(type: "x509-svid");
        Act("c1");
        var elsewhere = new CredentialHolding(TraceId.New(), SpiffeId.Parse(TrailStory.Agent("a")), RecordId.New(TrailStory.Start));
        _story.None("credentials.shared_by_tasks", book: new WholeBook(_story.Read(), elsewhere));
    }

    private RecordId Act(string credential, string status = "ok") => _story.Act(status: status, more: new { credential });
}
