using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Trails.Tests;

/// <summary>Decisions, approvals and credentials come out of the records as one story, in whichever order the records arrive.</summary>
public sealed class AuthorityTests
{
    private readonly TrailStory _story = new();

    [Fact]
    public void Denied_action_is_told_with_its_decision_and_the_policy_that_decided()
    {
        var action = _story.NewId();
        var decided = _story.Tell(RecordKinds.PolicyDecided, body: new { bundle = "sha256:ab", version = "1.2", decision = "deny", determining = new[] { "no-deletes" }, reason = "nothing is deleted", action = action.ToString() });
        _story.Tell(RecordKinds.ActionRequested, action, new { type = "tool.call", resource = "mcp://files/tools/delete", decision = decided.ToString() });

        var trail = _story.Read();

        var decision = Assert.Single(trail.Authority.Decisions);
        Assert.Equal(("deny", true, "nothing is deleted", (RecordId?)action), (decision.Outcome, decision.Binds, decision.Reason, decision.Action));
        Assert.Equal(["no-deletes"], decision.Determining);
        Assert.Equal(decided, Assert.Single(trail.Actions).Decision);
    }

    [Fact]
    public void Shadow_decision_does_not_bind()
    {
        _story.Tell(RecordKinds.PolicyDecided, body: new { bundle = "sha256:ab", version = "1", decision = "deny", mode = "shadow" });

        Assert.False(Assert.Single(_story.Read().Authority.Decisions).Binds);
    }

    [Fact]
    public void Approval_is_paired_with_its_question()
    {
        var asked = _story.Tell(RecordKinds.ApprovalRequested, body: new { action_digest = "hmac-sha256:00", approvers = new[] { "group:finance" } });
        var answered = _story.Tell(RecordKinds.ApprovalRecorded, body: new { requested = asked.ToString(), action_digest = "hmac-sha256:00", decision = "approved", approver = "os-user:ada", authenticated = "os-user" });

        var approval = Assert.Single(_story.Read().Authority.Approvals);

        Assert.Equal((asked, (RecordId?)answered, "approved", "os-user:ada"), (approval.Request, approval.Recorded, approval.Answer, approval.Approver));
        Assert.Equal(["group:finance"], approval.Approvers);
    }

    [Fact]
    public void Answer_without_its_question_is_shown_all_the_same()
    {
        _story.Tell(RecordKinds.ApprovalRecorded, body: new { requested = _story.NewId().ToString(), action_digest = "hmac-sha256:00", decision = "denied", approver = "os-user:ada", authenticated = "os-user" });

        Assert.Equal("denied", Assert.Single(_story.Read().Authority.Approvals).Answer);
    }

    [Fact]
    public void Credential_is_told_from_issue_over_uses_to_revocation()
    {
        _story.Tell(RecordKinds.CredentialIssued, body: new { id = "c1", issuer = "https://broker", subject = "user:ada", type = "oauth2.access_token", scope = new[] { "pay" }, audience = new[] { "bank" }, actors = new[] { "spiffe://a/agent/p" }, expires = "2026-11-25T12:00:00.000000Z" });
        var use = _story.Tell(RecordKinds.CredentialUsed, body: new { id = "c1" });
        _story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "stolen", by = "os-user:ada" });
        _story.Tell(RecordKinds.CredentialExpired, body: new { id = "c1", expired = "2026-11-25T12:00:00.000000Z" });

        var credential = Assert.Single(_story.Read().Authority.Credentials);

        Assert.Equal(("c1", "user:ada", "revoked", "stolen, by os-user:ada"), (credential.Id, credential.Subject, credential.Ending, credential.Reason));
        Assert.Equal([use], credential.Uses.Select(one => one.Record));
        Assert.NotNull(credential.Issued);
    }

    [Fact]
    public void Credential_that_was_issued_in_another_trail_is_known_by_its_use()
    {
        _story.Tell(RecordKinds.CredentialUsed, body: new { id = "c9", issuer = "https://broker", subject = "user:ada" });

        var credential = Assert.Single(_story.Read().Authority.Credentials);

        Assert.Null(credential.Issued);
        Assert.Equal("user:ada", credential.Subject);
    }

    [Fact]
    public void Rejected_bundle_and_refused_credential_are_told()
    {
        _story.Tell(RecordKinds.PolicyLoaded, body: new { status = "rejected", mode = "enforce", errors = new[] { "payments.cedar:3: unknown type" } });
        _story.Tell(RecordKinds.CredentialRefused, body: new { error = "invalid_scope", reason = "pay:all is not within pay:invoice", scope = new[] { "pay:all" } });

        var authority = _story.Read().Authority;

        Assert.Equal((false, "payments.cedar:3: unknown type"), (authority.Policies[0].IsLoaded, authority.Policies[0].Errors[0]));
        Assert.Equal("invalid_scope", Assert.Single(authority.Refusals).Error);
    }

    /// <summary>The law: the answer is a function of the set of records, not of their order of arrival.</summary>
    [Fact]
    public void Order_of_arrival_changes_nothing()
    {
        var asked = _story.Tell(RecordKinds.ApprovalRequested, body: new { action_digest = "hmac-sha256:00", approvers = new[] { "group:finance" } });
        _story.Tell(RecordKinds.ApprovalRecorded, body: new { requested = asked.ToString(), action_digest = "hmac-sha256:00", decision = "approved", approver = "os-user:ada", authenticated = "os-user" });
        _story.Tell(RecordKinds.CredentialIssued, body: new { id = "c1", issuer = "b", subject = "s", type = "other" });
        _story.Tell(RecordKinds.CredentialUsed, body: new { id = "c1" });
        _story.Tell(RecordKinds.CredentialRevoked, body: new { id = "c1", reason = "over" });
        _story.Tell(RecordKinds.PolicyDecided, body: new { bundle = "sha256:ab", version = "1", decision = "allow" });
        var expected = JsonSerializer.Serialize(_story.Read().Authority);

        Gen.Shuffle(_story.Records.ToArray()).Sample(records => JsonSerializer.Serialize(Trail.From(records).Authority) == expected);
    }

    [Fact]
    public void Members_of_another_type_are_passed_over()
    {
        _story.Tell(RecordKinds.PolicyDecided, body: new { bundle = 7, version = (string?)null, decision = new { no = "text" }, determining = "not a list", action = "no id" });
        _story.Tell(RecordKinds.CredentialIssued, body: new { id = 5, expires = "soon" });

        var authority = _story.Read().Authority;

        Assert.Equal("?", Assert.Single(authority.Decisions).Outcome);
        Assert.Equal("?", Assert.Single(authority.Credentials).Id);
    }
}
