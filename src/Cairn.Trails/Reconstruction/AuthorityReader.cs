using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>Sorts the records about authority, pairing questions with answers and a credential's issue with its uses and its end.</summary>
/// <param name="unpaired">Takes the answers without a question.</param>
internal sealed class AuthorityReader(List<UnpairedEnd> unpaired)
{
    private readonly List<PolicyChange> _policies = [];
    private readonly List<TrailDecision> _decisions = [];
    private readonly List<TrailApproval> _approvals = [];
    private readonly List<(TrailCredential Credential, List<CredentialUse> Uses)> _credentials = [];
    private readonly List<CredentialRefusal> _refusals = [];
    private readonly Dictionary<RecordId, int> _questions = [];
    private readonly Dictionary<string, int> _byId = new(StringComparer.Ordinal);

    /// <summary>What was sorted.</summary>
    public TrailAuthority Read() => new()
    {
        Policies = _policies,
        Decisions = _decisions,
        Approvals = [.. _approvals.OrderBy(approval => approval.Asked).ThenBy(approval => approval.Request.ToString(), StringComparer.Ordinal).ThenBy(approval => approval.Answered)],
        Credentials = [.. _credentials.Select(credential => credential.Credential with { Uses = credential.Uses })],
        Refusals = _refusals,
    };

    /// <summary>Takes a record that begins something.</summary>
    public void Begin(TrailRecord entry, RecordBody body)
    {
        var record = entry.Record;
        switch (record.Kind)
        {
            case RecordKinds.PolicyLoaded:
                _policies.Add(new PolicyChange(
                    body.Text("status") == "loaded", body.Text("name"), body.Text("version"), body.Text("digest"), body.Text("mode") ?? "?", body.Texts("errors"), record.Time, record.Id)
                {
                    Stream = entry.Stream,
                });
                break;
            case RecordKinds.PolicyDecided:
                _decisions.Add(new TrailDecision(
                    body.Text("decision") ?? "?", body.Text("mode") != "shadow", body.Text("bundle") ?? "?", body.Text("version") ?? "?", body.Texts("determining"), body.Texts("errors"),
                    body.Text("reason"), body.RecordId("action"), body.RecordId("approval"), record.Time, record.Id)
                {
                    Obligations = body.Texts("obligations"),
                    Stream = entry.Stream,
                    Seq = record.Seq,
                });
                break;
            case RecordKinds.ApprovalRequested:
                _questions[record.Id] = _approvals.Count;
                _approvals.Add(new TrailApproval(body.RecordId("action"), body.Texts("approvers"), record.Time, record.Id)
                {
                    AskedDigest = body.Text("action_digest"),
                    Expires = body.Time("expires"),
                });
                break;
            case RecordKinds.CredentialIssued:
                Change(record, body, credential => credential.IssueRecord is not null ? Again(credential, record) : credential with
                {
                    Issuer = body.Text("issuer"),
                    Subject = body.Text("subject"),
                    Type = body.Text("type"),
                    HolderKey = body.Text("holder_key"),
                    Actors = body.Texts("actors"),
                    Audience = body.Texts("audience"),
                    Scope = body.Texts("scope"),
                    ExchangedFor = body.Text("parent"),
                    Delegation = body.RecordId("delegation"),
                    Issued = record.Time,
                    Expires = body.Time("expires") ?? (body.Number("ttl_s") is { } seconds ? record.Time.AddSeconds(seconds) : null),
                    IssueRecord = record.Id,
                });
                break;
            case RecordKinds.CredentialRefused:
                _refusals.Add(new CredentialRefusal(body.Text("error") ?? "?", body.Text("reason") ?? "", body.Texts("scope"), record.Time, record.Id));
                break;
            default:
                break;
        }
    }

    /// <summary>Takes a record that answers, uses or ends something.</summary>
    public void End(Record record, RecordBody body)
    {
        switch (record.Kind)
        {
            case RecordKinds.ApprovalRecorded:
                Answer(record, body);
                break;
            case RecordKinds.CredentialUsed:
                var place = Change(record, body, credential => credential with
                {
                    Issuer = credential.Issuer ?? body.Text("issuer"),
                    Subject = credential.Subject ?? body.Text("subject"),
                });
                _credentials[place].Uses.Add(new CredentialUse(
                    record.Actor.Id, body.RecordId("action"), body.Text("resource"), body.Text("holder_key"), body.Text("proof"), record.Time, record.Id));
                break;
            case RecordKinds.CredentialRevoked:
                Change(record, body, credential => credential.Ending == "revoked" ? credential : credential with
                {
                    Ending = "revoked",
                    Ended = record.Time,
                    Reason = ReasonOf(body),
                    EndRecord = record.Id,
                });
                break;
            default:
                Change(record, body, credential => credential.Ending is not null ? credential : credential with
                {
                    Ending = "expired",
                    Ended = body.Time("expired") ?? record.Time,
                    EndRecord = record.Id,
                });
                break;
        }
    }

    private void Answer(Record record, RecordBody body)
    {
        // An answer without its question is shown too: its question may be lost, or in another trail.
        if (body.RecordId("requested") is not { } question || !_questions.TryGetValue(question, out var place))
        {
            place = _approvals.Count;
            _approvals.Add(new TrailApproval(null, [], record.Time, body.RecordId("requested") ?? record.Id) { HasQuestion = false });
            unpaired.Add(new UnpairedEnd(record.Kind, "the approval.requested that it names", record.Id));
        }

        // A second answer to one question is told beside the first, and takes nothing from it.
        if (_approvals[place].Recorded is not null)
        {
            _approvals.Add(_approvals[place]);
            place = _approvals.Count - 1;
        }

        _approvals[place] = _approvals[place] with
        {
            Answer = body.Text("decision") ?? "?",
            Approver = body.Text("approver"),
            Authenticated = body.Text("authenticated"),
            Answered = record.Time,
            Recorded = record.Id,
            AnsweredDigest = body.Text("action_digest"),
        };
    }

    private int Change(Record record, RecordBody body, Func<TrailCredential, TrailCredential> change)
    {
        var id = body.Text("id") ?? "?";
        if (!_byId.TryGetValue(id, out var place))
        {
            place = _byId[id] = _credentials.Count;
            _credentials.Add((new TrailCredential(id) { Record = record.Id }, []));
        }

        _credentials[place] = (change(_credentials[place].Credential), _credentials[place].Uses);
        return place;
    }

    // A few are enough to show: nobody can make the list long.
    private static TrailCredential Again(TrailCredential credential, Record record) =>
        credential.IssuedAgain.Count >= 20 ? credential : credential with { IssuedAgain = [.. credential.IssuedAgain, record.Id] };

    private static string ReasonOf(RecordBody body) => string.Join(", ", new[]
    {
        body.Text("reason"),
        body.Text("by") is { } by ? $"by {by}" : null,
        body.Text("cascade_of") is { } ancestor ? $"with its ancestor {ancestor}" : null,
    }.Where(part => part is not null));
}
