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

    private static RecordDraft Draft(TaskPart part, BundleChange change) => part.Draft(RecordKinds.PolicyLoaded, writer => BundleRecord.Write(writer, change));
}
