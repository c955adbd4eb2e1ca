using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>Sorts the records about authority, pairing questions with answers and a credential's issue with its uses and its end.</summary>
internal sealed class AuthorityReader
{
    private readonly List<PolicyChange> _policies = [];
    private readonly List<TrailDecision> _decisions = [];
    private readonly List<TrailApproval> _approvals = [];
    private readonly List<TrailCredential> _credentials = [];
    private readonly List<CredentialRefusal> _refusals = [];
    private readonly Dictionary<RecordId, int> _questions = [];
    private readonly Dictionary<string, int> _byId = new(StringComparer.Ordinal);

    public TrailAuthority Authority => new()
    {
        Policies = _policies,
        Decisions = _decisions,
        Approvals = _approvals,
        Credentials = _credentials,
        Refusals = _refusals,
    };

    public void Take(Record record)
    {
        var body = record.Body;
        switch (record.Kind)
        {
            case RecordKinds.PolicyLoaded:
                _policies.Add(new PolicyChange(
                    body.Text("status") == "loaded", body.Text("name"), body.Text("version"), body.Text("digest"), body.Text("mode") ?? "?", body.Texts("errors"), record.Time, record.Id));
                break;
            case RecordKinds.PolicyDecided:
                _decisions.Add(new TrailDecision(
                    body.Text("decision") ?? "?", body.Text("mode") != "shadow", body.Text("bundle") ?? "?", body.Text("version") ?? "?", body.Texts("determining"), body.Texts("errors"),
                    body.Text("reason"), body.RecordId("action"), body.RecordId("approval"), record.Time, record.Id));
                break;
            case RecordKinds.ApprovalRequested:
                _questions[record.Id] = _approvals.Count;
                _approvals.Add(new TrailApproval(body.RecordId("action"), body.Texts("approvers"), record.Time, record.Id));
                break;
            case RecordKinds.ApprovalRecorded:
                Answer(record, body);
                break;
            case RecordKinds.CredentialIssued:
                Change(record, body, credential => credential with
                {
                    Issuer = body.Text("issuer"),
                    Subject = body.Text("subject"),
                    Actors = body.Texts("actors"),
                    Audience = body.Texts("audience"),
                    Scope = body.Texts("scope"),
                    ExchangedFor = body.Text("parent"),
                    Issued = record.Time,
                    Expires = body.Time("expires"),
                });
                break;
            case RecordKinds.CredentialUsed:
                Change(record, body, credential => credential with
                {
                    Issuer = credential.Issuer ?? body.Text("issuer"),
                    Subject = credential.Subject ?? body.Text("subject"),
                    Uses = [.. credential.Uses, record.Id],
                });
                break;
            case RecordKinds.CredentialRevoked:
                Change(record, body, credential => credential with { Ending = "revoked", Ended = record.Time, Reason = ReasonOf(body) });
                break;
            case RecordKinds.CredentialExpired:
                Change(record, body, credential => credential with { Ending = credential.Ending ?? "expired", Ended = credential.Ended ?? body.Time("expired") ?? record.Time });
                break;
            case RecordKinds.CredentialRefused:
                _refusals.Add(new CredentialRefusal(body.Text("error") ?? "?", body.Text("reason") ?? "", body.Texts("scope"), record.Time, record.Id));
                break;
            default:
                break;
        }
    }

    private void Answer(Record record, JsonElement body)
    {
        // An answer without its question is shown too: its question may be lost, or in another trail.
        if (body.RecordId("requested") is not { } question || !_questions.TryGetValue(question, out var place))
        {
            place = _approvals.Count;
            _approvals.Add(new TrailApproval(null, [], record.Time, body.RecordId("requested") ?? record.Id));
        }

        _approvals[place] = _approvals[place] with
        {
            Answer = body.Text("decision") ?? "?",
            Approver = body.Text("approver"),
            Authenticated = body.Text("authenticated"),
            Answered = record.Time,
            Recorded = record.Id,
        };
    }

    private void Change(Record record, JsonElement body, Func<TrailCredential, TrailCredential> change)
    {
        var id = body.Text("id") ?? "?";
        if (!_byId.TryGetValue(id, out var place))
        {
            place = _byId[id] = _credentials.Count;
            _credentials.Add(new TrailCredential(id) { Record = record.Id });
        }

        _credentials[place] = change(_credentials[place]);
    }

    private static string ReasonOf(JsonElement body) => string.Join(", ", new[]
    {
        body.Text("reason"),
        body.Text("by") is { } by ? $"by {by}" : null,
        body.Text("cascade_of") is { } ancestor ? $"with its ancestor {ancestor}" : null,
    }.Where(part => part is not null));
}
