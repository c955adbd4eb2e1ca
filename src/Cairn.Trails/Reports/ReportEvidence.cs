using System.IO.Compression;
using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Decisions;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Trails.Erasure;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Reports;

/// <summary>By whose trust policy a report's evidence was judged.</summary>
public enum ReportTrust
{
    /// <summary>The ledger's own, where the evidence was exported.</summary>
    Exporter,

    /// <summary>One that the reader of the bundle brought.</summary>
    Reader,

    /// <summary>The one in the bundle: it vouches for itself.</summary>
    Bundle,
}

/// <summary>Where a record stands in the evidence.</summary>
/// <param name="Statement">Its statement's index in the ledger.</param>
/// <param name="Position">Its position in the statement, from 0.</param>
/// <param name="KnownHead">The newest tree head that its emitter knew when it signed; null: none.</param>
/// <param name="Brackets">Between which times it was made, by the word of each kind of party that gives a bound.</param>
public readonly record struct RecordPlace(long Statement, int Position, TreeHead? KnownHead, IReadOnlyList<TimeBracket> Brackets);

/// <summary>What a report is made of: one bundle's evidence, verified, and its trail.</summary>
public sealed record ReportEvidence
{
    /// <summary>What the verification found.</summary>
    public required VerificationReport Verification { get; init; }

    /// <summary>By whose policy.</summary>
    public required ReportTrust Trust { get; init; }

    /// <summary>The trail; null where integrity failed or there is no record: nothing is told of evidence that does not hold.</summary>
    public required Trail? Trail { get; init; }

    /// <summary>What is wrong in the trail, worst first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>The erasure of the trail's content, as the last tombstone in the bundle tells it; null: it has none.</summary>
    public Shredding? Erasure { get; init; }

    /// <summary>Where each record stands.</summary>
    public required IReadOnlyDictionary<RecordId, RecordPlace> Places { get; init; }

    /// <summary>The bundle's files of evidence, as its manifest lists them: the two pages are none. Empty where it can't be read.</summary>
    public required IReadOnlyList<BundleFile> Files { get; init; }

    /// <summary>Verifies a bundle and reconstructs its trail.</summary>
    /// <param name="zip">The bundle: readable and seekable.</param>
    /// <param name="policy">Whom to trust; null to believe the bundle's own policy.</param>
    /// <param name="trust">Whose policy that is.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="decisions">Recomputes policy decisions; null: none is recomputed.</param>
    public static ReportEvidence Read(Stream zip, TrustPolicy? policy, ReportTrust trust, CancellationToken cancellationToken, IDecisionEngine? decisions = null)
    {
        ArgumentNullException.ThrowIfNull(zip);
        if ((policy is null) != (trust == ReportTrust.Bundle))
        {
            throw new ArgumentException($"a policy goes with {ReportTrust.Exporter} or {ReportTrust.Reader}, none with {ReportTrust.Bundle}", nameof(policy));
        }

        var (heard, told) = (new List<BundleRecord>(), new List<BundleRecord>());
        var report = BundleVerifier.Verify(zip, policy, new VerifyOptions { Record = heard.Add, Operator = told.Add, Decisions = decisions }, cancellationToken);
        var places = new Dictionary<RecordId, RecordPlace>(heard.Count);
        Trail? trail = null;
        if (report.Integrity.State == VerdictState.Passed && heard.Count > 0)
        {
            trail = Trail.From(heard.Select(one =>
            {
                var record = Record.Parse(one.Bytes);
                places[record.Id] = new RecordPlace(one.Statement, one.Position, one.KnownHead, one.Brackets);
                return new TrailRecord(record, one.Issuer, one.Stream, one.Statement);
            }));
        }

        return new ReportEvidence
        {
            Verification = report,
            Trust = trust,
            Trail = trail,
            Findings = trail is null ? [] : [.. RuleCatalogue.Check(new TrailCase(trail, null, new CheckOptions { Trust = policy })).OrderByDescending(finding => finding.Severity)],
            Erasure = trail is null ? null : ErasureLog.LastOf(trail.Trace, told),
            Places = places,
            Files = report.Integrity.State == VerdictState.Passed ? FilesOf(zip) : [],
        };
    }

    // The container was verified: an ordinary unzip reads the same of it.
    private static List<BundleFile> FilesOf(Stream zip)
    {
        using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true);
        using var manifest = archive.GetEntry(BundleFiles.Manifest)!.Open();
        using var bytes = new MemoryStream();
        manifest.CopyTo(bytes);
        return [.. BundleManifest.Parse(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)).Files.Where(file => file.Name is not (BundleFiles.Report or BundleFiles.Verifier))];
    }
}
