using System.Text;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Decisions;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>
/// Verifies evidence bundles (docs/spec/verification.md). Pure and offline: the bundle, the verifier's trust policy and
/// nothing else decide. Reads forward, in memory that grows with streams, open actions and ids, not with bytes.
/// </summary>
public static class BundleVerifier
{
    private const int MostPolicyBytes = 4 << 20;
    private const int MostCheckpointBytes = 4 << 20;
    private const int MostCertificatesBytes = 64 << 20;
    private const int MostCertificateLine = 1 << 20;

    /// <summary>Verifies a bundle. What does not hold is in the report; nothing about the bundle makes it throw.</summary>
    /// <param name="zip">The bundle: readable and seekable.</param>
    /// <param name="policy">Whom the verifier trusts; null to believe the bundle's own trust.policy, which the report calls not pinned.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <exception cref="IOException">The stream can't be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static VerificationReport Verify(Stream zip, TrustPolicy? policy = null, VerifyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(zip);
        if (!zip.CanSeek)
        {
            throw new ArgumentException("a bundle is read from a seekable stream", nameof(zip));
        }

        var run = new VerificationRun(policy, options ?? new VerifyOptions());
        try
        {
            using var bundle = BundleContents.Open(zip, run.Options);
            Check(bundle, run, cancellationToken);
        }
        catch (BundleFault fault)
        {
            run.Stop(fault);
        }

        return run.Report();
    }

    private static void Check(BundleContents bundle, VerificationRun run, CancellationToken cancellationToken)
    {
        var manifest = bundle.Manifest;
        run.Trace = manifest.Trace.ToString();
        try
        {
            CheckEvidence(bundle, run, cancellationToken);
        }
        finally
        {
            // Also after a fault: the digests name the file that was altered.
            foreach (var file in manifest.Files)
            {
                try
                {
                    if (bundle.Finish(file.Name) is { } fault)
                    {
                        run.Integrity.Add(fault);
                    }
                }
                catch (BundleFault fault)
                {
                    run.Integrity.Add(fault);
                }
            }
        }
    }

    private static void CheckEvidence(BundleContents bundle, VerificationRun run, CancellationToken cancellationToken)
    {
        var checkpointBytes = bundle.ReadWhole(BundleFiles.Checkpoint, MostCheckpointBytes);
        var policy = run.Policy ??= ReadPolicy(bundle);
        var (note, newest) = CheckpointCheck.Parse(checkpointBytes);
        var keys = run.LogKeys = new LogKeyHistory(policy.Log, newest.Origin, newest.Size);
        var successions = new SuccessionCheck(newest, policy, keys, run.Integrity, run.Warnings);
        if (bundle.HasKeys)
        {
            successions.Read(bundle);
        }

        var checkpoint = run.Checkpoint = CheckpointCheck.Run(note, newest, bundle.Manifest.Origin, policy, keys, run.Integrity);
        var chains = new KnownChains();
        var certificates = ReadCertificates(bundle, chains, run.Integrity);
        var heads = KnownHeads.Read(bundle, checkpoint.Checkpoint.Head, run.Integrity);
        var times = run.Times = new TimesCheck(new AnchorCheck(checkpoint, policy, keys, run.Integrity, run.Warnings, run.Options.ClockTolerance).Run(bundle));
        var timeline = new TrustTimeline(policy);
        using var trust = new IssuerTrust(policy, timeline, chains, checkpoint.Time, run.Options);
        var revocations = run.Revocations = new RevocationCheck(policy, times, run.Integrity, run.Warnings);
        if (bundle.HasTrust)
        {
            new TrustChangeCheck(checkpoint.Checkpoint.Head, trust, timeline, revocations, run.Integrity, run.Warnings, run.Options.Operator).Run(bundle);
        }

        successions.CheckIssuers(trust, revocations);
        var trail = run.Trail = new TrailCheck(run.Trace!, run.Integrity, run.Completeness, run.Warnings, checkpoint.Time, run.Options.ClockTolerance);
        var decisions = run.Decisions = new DecisionCheck(PolicyMaterial.Read(bundle, run.Options, run.Integrity), run.Options.Decisions, run.Corroboration);
        var contents = run.Contents = bundle.HasContent ? new ContentCheck(bundle, run.Integrity, run.Options, decisions) : null;
        var statements = run.Statements = new StatementCheck(checkpoint.Checkpoint.Head, heads, trust, times, revocations, trail, contents, decisions, run.Integrity, run.Warnings, run.Options);
        statements.Run(bundle, cancellationToken);
        contents?.Finish();
        decisions.Finish();
        trail.Finish(statements.Streams);
        run.WasRead = true;
        var found = new BundleCounts(statements.Statements, trail.Records, heads.Count, certificates, contents?.Contents ?? 0);
        if (found != bundle.Manifest.Counts)
        {
            run.Integrity.Add(ReasonCodes.ManifestMismatch, "file", BundleFiles.Manifest, $"the counts {Describe(found)} of what is there", Describe(bundle.Manifest.Counts));
        }
    }

    private static string Describe(BundleCounts counts) =>
        $"{counts.Statements} statements, {counts.Records} records, {counts.Heads} heads, {counts.Certificates} certificates, {counts.Contents} contents";

    private static TrustPolicy ReadPolicy(BundleContents bundle)
    {
        try
        {
            return TrustPolicy.Parse(new UTF8Encoding(false, true).GetString(bundle.ReadWhole(BundleFiles.TrustPolicy, MostPolicyBytes)));
        }
        catch (Exception error) when (error is EvidenceFormatException or DecoderFallbackException)
        {
            throw BundleFault.File(ReasonCodes.TrustPolicyMalformed, BundleFiles.TrustPolicy, "a trust policy", error.Message, error);
        }
    }

    /// <summary>Reads certificates.jsonl; gives the number of its lines.</summary>
    private static long ReadCertificates(BundleContents bundle, KnownChains chains, FailureList failures)
    {
        var file = bundle[BundleFiles.Certificates];
        if (file.Length > MostCertificatesBytes)
        {
            throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.Certificates, $"at most {MostCertificatesBytes} bytes", $"{file.Length}");
        }

        var lines = new LineReader(file, BundleFiles.Certificates, MostCertificateLine);
        while (lines.TryRead(out var line))
        {
            var entry = CertificateChain.Parse(line, lines.Lines);
            if (Digest.Sha256(entry.Chain[0].Span) is var hash && hash != entry.X5t)
            {
                failures.Add(ReasonCodes.CertificateMismatch, "certificate", entry.X5t.ToString(), "a certificate with that SHA-256", hash.ToString());
            }
            else
            {
                chains.Add(entry);
            }
        }

        return lines.Lines;
    }
}
