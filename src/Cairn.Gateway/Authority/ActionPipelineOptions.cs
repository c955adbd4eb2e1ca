using Cairn.Gateway.Approvals;
using Cairn.Identity.Credentials;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>What a pipeline decides with, and how it records.</summary>
public sealed record ActionPipelineOptions
{
    /// <summary>How much of inputs and outputs is kept where no policy says otherwise.</summary>
    public CaptureProfile Capture { get; init; } = CaptureProfile.Metadata;

    /// <summary>Strict: records are durable before the act, and an act without them is refused.</summary>
    public bool Strict { get; init; } = true;

    /// <summary>What decides; null: everything is admitted, and no decision is recorded.</summary>
    public IPolicyDecisionPoint? Policy { get; init; }

    /// <summary>Where credentials come from; null: an action whose policy asks for one is refused.</summary>
    public ICredentialSource? Credentials { get; init; }

    /// <summary>Where calls wait for a human; null: an action that needs approval is refused.</summary>
    public ApprovalDesk? Approvals { get; init; }

    /// <summary>
    /// What needs approval is put to a human by whoever asked, out of sight: it is recorded as requested without an
    /// approval, and <see cref="ActionPermit.AskFirst"/> says why a human must be asked.
    /// </summary>
    public bool AsksElsewhere { get; init; }

    /// <summary>How long a decision may take before it counts as a denial.</summary>
    public TimeSpan DecisionTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an approval is waited for where the policy does not say.</summary>
    public TimeSpan ApprovalTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the credential source may take to give one, and again to say that it still holds.</summary>
    public TimeSpan CredentialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Messages for people; never content.</summary>
    public TextWriter Log { get; init; } = Console.Error;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
