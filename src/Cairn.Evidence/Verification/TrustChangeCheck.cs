using Cairn.Evidence.Bundles;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>
/// The changes of trust bundles and the revocations of keys that a bundle brings along (docs/spec/verification.md §10, §14). None counts because the bundle
/// has it: each is proven to be in the ledger, signed by an operator of the verifier's policy, under a root that was in
/// force before it. What fails on the way is a failure, and changes nothing.
/// </summary>
internal sealed class TrustChangeCheck(TreeHead newest, IssuerTrust trust, TrustTimeline timeline, RevocationCheck revocations, FailureList integrity, FailureList warnings, Action<BundleRecord>? others)
{
    private const string Kind = "trust change";
    private const int MostBytes = 256 << 20;
    private const int MostLine = 16 << 20;
    private readonly List<(SpiffeId Issuer, long Index, Digest Key)> _signed = [];

    /// <exception cref="BundleFault">The file can't be read on.</exception>
    public void Run(BundleContents bundle)
    {
        var file = bundle[BundleFiles.Trust];
        if (file.Length > MostBytes)
        {
            throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.Trust, $"at most {MostBytes} bytes", $"{file.Length}");
        }

        var lines = new LineReader(file, BundleFiles.Trust, MostLine);
        var last = -1L;
        while (lines.TryRead(out var line))
        {
            var evidence = TrustEvidence.Parse(line, lines.Lines);
            var before = integrity.Count;
            if (evidence.Index <= last)
            {
                integrity.Add(ReasonCodes.IndexOrder, Kind, $"{evidence.Index}", $"an index above {last}, the one before it", "another order");
            }

            last = Math.Max(last, evidence.Index);
            var found = Check(evidence);
            if (integrity.Count > before)
            {
                continue;
            }

            found.Others.ForEach(record => others?.Invoke(record));
            foreach (var change in found.Changes)
            {
                Follow(evidence.Index, change);
            }

            foreach (var (speaker, revocation) in found.Revoked)
            {
                revocations.Accept(evidence.Index, speaker.TrustDomain, revocation);
            }
        }

        // Only now: an operator's own key may have been revoked by a later line.
        foreach (var (issuer, index, key) in _signed)
        {
            revocations.JudgeOther(issuer, index, Kind, key);
        }
    }

    private Findings Check(TrustEvidence evidence)
    {
        var subject = $"{evidence.Index}";
        var found = new Findings([], [], []);
        try
        {
            var statement = SignedStatement.Decode(evidence.Statement);
            StatementPlace.Check(evidence.Statement.Span, evidence.Index, evidence.Path, newest, Kind, integrity);
            BroughtRecords.Check(statement, evidence, Kind, integrity);
            var latest = DateTimeOffset.MinValue;
            foreach (var bytes in evidence.Records)
            {
                var record = Record.Parse(bytes);
                latest = record.Time > latest ? record.Time : latest;
                if (record.Kind == RecordKinds.LedgerTrustChanged && TrustChange.Parse(record.Body) is { } change)
                {
                    found.Changes.Add((statement.Issuer, change));
                }
                else if (record.Kind == RecordKinds.LedgerKeyRevoked)
                {
                    found.Revoked.Add((statement.Issuer, KeyRevocation.Parse(record.Body)));
                }
                else
                {
                    found.Others.Add(new BundleRecord(bytes, statement.Issuer, statement.Payload.Stream, evidence.Index));
                }
            }

            if (trust.RuleFor(statement) is not { Role: EmitterRole.Operator })
            {
                integrity.Add(ReasonCodes.TrustChangeUntrusted, Kind, subject, "a statement of an operator of the trust policy", $"one of {Hex.Excerpt(statement.Issuer.ToString())}");
            }

            if (trust.Check(statement, evidence.Index, Kind, latest, integrity, warnings) is { } key)
            {
                _signed.Add((statement.Issuer, evidence.Index, key));
            }
        }
        catch (EvidenceFormatException error)
        {
            integrity.Add(ReasonCodes.TrustChangeMalformed, Kind, subject, "a signed statement with changes of trust bundles or revocations of keys", error.Message);
        }

        return found;
    }

    /// <summary>An operator speaks for its own trust domain. What it says of others (federation) is kept, and gives nobody trust.</summary>
    private void Follow(long index, (SpiffeId Operator, TrustChange Change) found)
    {
        var (speaker, change) = found;
        if (speaker.TrustDomain != change.TrustDomain)
        {
            return;
        }

        if (timeline.LastOf(change.TrustDomain)?.New != change.Old)
        {
            integrity.Add(
                ReasonCodes.TrustChangeMissing, Kind, $"{index}",
                $"a change from {timeline.LastOf(change.TrustDomain)?.New.ToString() ?? "no bundle"}, the last one of {change.TrustDomain} here", $"one from {change.Old?.ToString() ?? "no bundle"}: a change in between was left out");
            return;
        }

        timeline.Accept(index, change);
    }

    /// <summary>What the records of one statement say.</summary>
    private sealed record Findings(List<(SpiffeId Operator, TrustChange Change)> Changes, List<(SpiffeId Operator, KeyRevocation Revocation)> Revoked, List<BundleRecord> Others);
}
