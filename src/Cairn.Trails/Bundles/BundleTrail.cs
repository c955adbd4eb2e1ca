using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Trails.Bundles;

/// <summary>Reads the trail of an evidence bundle, verifying it on the way.</summary>
public static class BundleTrail
{
    /// <summary>Verifies a bundle and reconstructs its trail.</summary>
    /// <param name="zip">The bundle: readable and seekable.</param>
    /// <param name="policy">Whom the verifier trusts; null to believe the bundle's own policy.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The report, and the trail; no trail where integrity failed or there is no record: nothing is told of evidence that does not hold.</returns>
    public static (VerificationReport Report, Trail? Trail) Read(Stream zip, TrustPolicy? policy, CancellationToken cancellationToken)
    {
        var heard = new List<BundleRecord>();
        var report = BundleVerifier.Verify(zip, policy, new VerifyOptions { Record = heard.Add }, cancellationToken);
        return (report, report.Integrity.State != VerdictState.Passed || heard.Count == 0 ? null
            : Trail.From(heard.Select(record => new TrailRecord(Record.Parse(record.Bytes), record.Issuer, record.Stream, record.Statement))));
    }
}
