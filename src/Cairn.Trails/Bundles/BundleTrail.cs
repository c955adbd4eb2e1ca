using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Trails.Contents;

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
        var (report, trail, _) = ReadWithContents(zip, policy, keep: false, cancellationToken);
        return (report, trail);
    }

    /// <summary>The same with the contents that the bundle discloses, held in memory.</summary>
    /// <inheritdoc cref="Read"/>
    public static (VerificationReport Report, Trail? Trail, DisclosedContents Contents) ReadWithContents(Stream zip, TrustPolicy? policy, CancellationToken cancellationToken) =>
        ReadWithContents(zip, policy, keep: true, cancellationToken);

    private static (VerificationReport Report, Trail? Trail, DisclosedContents Contents) ReadWithContents(Stream zip, TrustPolicy? policy, bool keep, CancellationToken cancellationToken)
    {
        var heard = new List<BundleRecord>();
        var contents = new List<BundleContent>();
        var policies = new Dictionary<Digest, ReadOnlyMemory<byte>>();
        var options = new VerifyOptions { Record = heard.Add, Content = keep ? contents.Add : null, Policy = keep ? policies.Add : null };
        var report = BundleVerifier.Verify(zip, policy, options, cancellationToken);
        var holds = report.Integrity.State == VerdictState.Passed && heard.Count > 0;
        return (report,
            holds ? Trail.From(heard.Select(record => new TrailRecord(Record.Parse(record.Bytes), record.Issuer, record.Stream, record.Statement))) : null,
            new DisclosedContents(holds ? contents : [], holds ? policies : []));
    }
}
