using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Gateway.Capture;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>What a decision point records in the trails of the run that it decides for.</summary>
public sealed class RunRecords
{
    private const int MostErrors = 32;

    private readonly TrailParts _trails;

    internal RunRecords(TrailParts trails) => _trails = trails;

    /// <summary>Records that a policy bundle is taken into use, in every trail that the run has a part in. No decision may be made under it before this returns.</summary>
    /// <param name="change">The bundle.</param>
    /// <param name="cancellationToken">Stops the wait; the record is delivered all the same.</param>
    /// <exception cref="EvidenceUnavailableException">The record can't be made durable (strict) or queued: the bundle must not be used.</exception>
    /// <exception cref="OperationCanceledException">The run has ended.</exception>
    public async ValueTask RecordAsync(BundleChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var recorded = _trails.RecordBundleAsync(writer => Write(writer, change), keep: change.Loaded);
        if (await recorded.WaitAsync(cancellationToken).ConfigureAwait(false) is { } why)
        {
            throw new EvidenceUnavailableException($"the policy bundle is not used, because that could not be recorded: {why}", null, isKept: false);
        }
    }

    private static void Write(Utf8JsonWriter writer, BundleChange change)
    {
        writer.WriteString("status"u8, change.Loaded ? "loaded"u8 : "rejected"u8);
        writer.WriteString("mode"u8, change.Mode == PolicyMode.Shadow ? "shadow"u8 : "enforce"u8);
        if (change.Digest is { } digest)
        {
            writer.WriteString("digest"u8, $"sha256:{digest}");
        }

        if (change.Name is { } name)
        {
            writer.WriteString("name"u8, DecisionRecord.Shown(name));
        }

        if (change.Version is { } version)
        {
            writer.WriteString("version"u8, DecisionRecord.Shown(version));
        }

        if (change.Replaces is { } replaces)
        {
            writer.WriteString("replaces"u8, $"sha256:{replaces}");
        }

        if (change.Errors.Count > 0)
        {
            writer.WriteStartArray("errors"u8);
            foreach (var error in change.Errors.Take(MostErrors))
            {
                writer.WriteStringValue(DecisionRecord.Shown(error));
            }

            writer.WriteEndArray();
        }

        writer.WriteString("engine"u8, change.Engine.Name);
        writer.WriteString("engine_version"u8, change.Engine.Version);
        writer.WriteString("engine_digest"u8, $"sha256:{change.Engine.Digest}");
    }
}
