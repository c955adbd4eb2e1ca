using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Gateway.Authority;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tasks;

/// <summary>
/// Records in the parts of a run under which policy bundle it decides: when a part is opened, and before a changed bundle
/// decides anything (<see cref="PolicyHostOptions.Changing"/>).
/// </summary>
public sealed class BundleNotes
{
    private const int MostErrors = 32;

    private readonly Lock _gate = new();
    private readonly List<(TaskPart Part, EvidenceOutlet Outlet)> _parts = [];
    private BundleChange? _current;

    /// <summary>Takes note of a bundle that is about to be used, or was rejected.</summary>
    /// <param name="change">The bundle.</param>
    /// <param name="cancellationToken">Stops the wait; the records are delivered all the same.</param>
    /// <exception cref="EvidenceUnavailableException">It can't be made durable in an open part: the bundle must not be used.</exception>
    public async ValueTask RecordAsync(BundleChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        List<(TaskPart Part, EvidenceOutlet Outlet)> parts;
        lock (_gate)
        {
            _current = change.Loaded ? change : _current;
            parts = [.. _parts];
        }

        foreach (var (part, outlet) in parts)
        {
            if (await outlet.EmitDurableAsync(Draft(part, change)).WaitAsync(cancellationToken).ConfigureAwait(false) is { } why)
            {
                throw new EvidenceUnavailableException($"the policy bundle is not used, because that could not be recorded: {why}", null, isKept: false);
            }
        }
    }

    /// <summary>A part was opened: it begins under the bundle in use.</summary>
    internal void Opened(TaskPart part, EvidenceOutlet outlet)
    {
        lock (_gate)
        {
            _parts.Add((part, outlet));
            if (_current is { } change)
            {
                outlet.Emit(Draft(part, change));
            }
        }
    }

    /// <summary>A part ends: nothing is recorded in it any more.</summary>
    internal void Ended(TaskPart part)
    {
        lock (_gate)
        {
            _parts.RemoveAll(one => one.Part == part);
        }
    }

    private static RecordDraft Draft(TaskPart part, BundleChange change) => part.Draft(RecordKinds.PolicyLoaded, writer => Write(writer, change));

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
