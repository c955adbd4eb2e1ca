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

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
