using Cairn.Gateway.Capture;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>What a decision point records in the trails of the run that it decides for.</summary>
public sealed class RunRecords
{
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
        var recorded = _trails.RecordBundleAsync(writer => BundleRecord.Write(writer, change), keep: change.Loaded);
        if (await recorded.WaitAsync(cancellationToken).ConfigureAwait(false) is { } why)
        {
            throw new EvidenceUnavailableException($"the policy bundle is not used, because that could not be recorded: {why}", null, isKept: false);
        }
    }
}
