using Cairn.Evidence;
using Cairn.Identity.Credentials;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>One proposed action from its proposal to its outcome: the ids that its records share.</summary>
internal sealed class ActionUnderWay
{
    public required ProposedAction Action { get; init; }

    /// <summary>The id that its <c>action.requested</c> has or will have.</summary>
    public required RecordId Requested { get; init; }

    /// <summary>Its own span.</summary>
    public required SpanId Span { get; init; }

    /// <summary>When it was proposed, by the clock's timestamps.</summary>
    public required long Started { get; init; }

    /// <summary>How much of its content is kept.</summary>
    public required CaptureProfile Capture { get; set; }

    /// <summary>The <c>policy.decided</c> that binds it; null where nothing decided.</summary>
    public RecordId? Decision { get; set; }

    /// <summary>The <c>approval.recorded</c> that permits it.</summary>
    public RecordId? Approval { get; set; }

    /// <summary>The credential that it is done with. Its token is a secret: it stands in no record.</summary>
    public IssuedCredential? Credential
    {
        get;
        set
        {
            field = value;
            Secrets.Add(value?.Token);
        }
    }

    /// <summary>What its records must not hold: its conversation's secrets, where it is part of one.</summary>
    public required KnownSecrets Secrets { get; init; }

    /// <summary>The credential is for this act alone, and not for others of its task.</summary>
    public bool IsCredentialItsOwn { get; set; }

    /// <summary>Why it was taken back before it was done; null: its caller gave up.</summary>
    public string? WithdrawnBecause { get; set; }

    /// <summary>Whether a decision that binds allowed it: not where nothing decides, or only in shadow.</summary>
    public bool IsAllowed { get; set; }

    /// <summary>Why a human must be asked, where that is done elsewhere; null: no need.</summary>
    public string? AskFirst { get; set; }

    /// <summary>Its <c>action.requested</c> is emitted.</summary>
    public bool IsRequested { get; set; }

    /// <summary>An action that nobody has recorded yet.</summary>
    /// <param name="action">What is proposed.</param>
    /// <param name="capture">How much of its content is kept where no policy says otherwise.</param>
    /// <param name="time">The clock.</param>
    /// <param name="secrets">Those of the conversation that it is part of; null: it stands alone.</param>
    public static ActionUnderWay Propose(ProposedAction action, CaptureProfile capture, TimeProvider time, KnownSecrets? secrets = null)
    {
        var way = new ActionUnderWay
        {
            Action = action,
            Requested = RecordId.New(time.GetUtcNow()),
            Span = SpanId.New(),
            Started = time.GetTimestamp(),
            Capture = capture,
            Secrets = secrets ?? new KnownSecrets(),
        };
        way.Secrets.Add(action.Caller.SubjectToken);
        return way;
    }
}
