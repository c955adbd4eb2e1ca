using Cairn.Evidence;

namespace Cairn.Policy.Checking;

/// <summary>A decision as it was recorded.</summary>
/// <param name="Record">The record's id.</param>
/// <param name="Outcome">What was decided then.</param>
/// <param name="Input">The exact input document; null when it can't be had.</param>
/// <param name="WhyNoInput">Why it can't, in words; null when it is there.</param>
public sealed record RecordedDecision(string Record, PolicyOutcome Outcome, ReadOnlyMemory<byte>? Input, string? WhyNoInput)
{
    /// <summary>The trail.</summary>
    public TraceId Trace { get; init; }

    /// <summary>Digest of the bundle, as <c>sha256:</c> and hexadecimal digits.</summary>
    public string Bundle { get; init; } = "";

    /// <summary>The bundle's version.</summary>
    public string Version { get; init; } = "";

    /// <summary>The engine's name and version, as in <c>cedar 4.13.0</c>.</summary>
    public string Engine { get; init; } = "";

    /// <summary>Digest of the engine's code, as <c>sha256:</c> and hexadecimal digits.</summary>
    public string EngineDigest { get; init; } = "";

    /// <summary>Ids of the policies that decided.</summary>
    public IReadOnlyList<string> Determining { get; init; } = [];

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>What was asked for beyond yes or no.</summary>
    public IReadOnlyList<string> Obligations { get; init; } = [];

    /// <summary>Why, in words.</summary>
    public string Reason { get; init; } = "";
}
