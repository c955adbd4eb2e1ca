using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>
/// The successions of the log's keys that a bundle brings along (docs/spec/verification.md §12). None counts because the bundle
/// has it: old and new keys signed its checkpoint, the bundle's checkpoint extends that, and an operator of the verifier's
/// policy says so in the ledger. What fails on the way is a failure, and changes no key.
/// </summary>
internal sealed class SuccessionCheck(Checkpoint newest, TrustPolicy policy, LogKeyHistory keys, FailureList failures, FailureList warnings)
{
    private const string Kind = "succession";
    private const int MostBytes = 256 << 20;
    private const int MostLine = 16 << 20;
    private readonly List<(SignedStatement Statement, long Index, DateTimeOffset SignedAfter)> _statements = [];

    /// <summary>Reads the file before the bundle's checkpoint is judged: by which keys, it decides.</summary>
    /// <exception cref="BundleFault">The file can't be read on.</exception>
    public void Read(BundleContents bundle)
    {
        var file = bundle[BundleFiles.Keys];
        if (file.Length > MostBytes)
        {
            throw BundleFault.File(ReasonCodes.FileTooLarge, BundleFiles.Keys, $"at most {MostBytes} bytes", $"{file.Length}");
        }

        var lines = new LineReader(file, BundleFiles.Keys, MostLine);
        var last = 0L;
        while (lines.TryRead(out var line))
        {
            var evidence = SuccessionEvidence.Parse(line, lines.Lines);
            var (subject, before) = ($"line {lines.Lines}", failures.Count);
            var note = NoteOf(evidence, subject);
            if (note is { Checkpoint: var here } && here.Size <= last)
            {
                throw BundleFault.File(ReasonCodes.LineMalformed, $"{BundleFiles.Keys} line {lines.Lines}", "succession checkpoints by strictly ascending size", $"{here.Size} after {last}");
            }

            var rotation = RotationOf(evidence.Statement, subject);
            if (note is not { Note: { } signed, Checkpoint: { } checkpoint })
            {
                continue;
            }

            CheckPlace(evidence, checkpoint, subject, last);
            last = checkpoint.Size;
            if (rotation is not null)
            {
                CheckSignatures(signed, checkpoint, rotation, subject);
                if (failures.Count == before)
                {
                    keys.Follow(new KeySuccession(checkpoint.Size, rotation.Old, rotation.New));
                }
            }
        }
    }

    /// <summary>Whether operators signed the statements, once it is known which roots were in force and which keys are revoked (docs/spec/verification.md §10, §14).</summary>
    public void CheckIssuers(IssuerTrust trust, RevocationCheck revocations)
    {
        foreach (var (statement, index, signedAfter) in _statements)
        {
            if (trust.Check(statement, index, Kind, signedAfter, failures, warnings) is { } key)
            {
                revocations.JudgeOther(statement.Issuer, index, Kind, key);
            }
        }
    }

    private (SignedNote Note, Checkpoint Checkpoint)? NoteOf(SuccessionEvidence evidence, string subject)
    {
        try
        {
            var note = SignedNote.Parse(evidence.Checkpoint.Span);
            var checkpoint = Checkpoint.Of(note);
            return checkpoint.Extensions is not { Count: > 0 } ? (note, checkpoint) : throw new EvidenceFormatException("a succession checkpoint has no extension lines");
        }
        catch (EvidenceFormatException error)
        {
            failures.Add(ReasonCodes.SuccessionMalformed, Kind, subject, "a signed checkpoint", error.Message);
            return null;
        }
    }

    /// <summary>The record that retires the keys, in an operator's statement that has its place in the ledger; null when there is no such.</summary>
    private KeyRotation? RotationOf(TrustEvidence evidence, string subject)
    {
        try
        {
            var statement = SignedStatement.Decode(evidence.Statement);
            StatementPlace.Check(evidence.Statement.Span, evidence.Index, evidence.Path, newest.Head, Kind, failures);
            BroughtRecords.Check(statement, evidence, Kind, failures);
            var (latest, rotations) = (DateTimeOffset.MinValue, new List<KeyRotation>());
            foreach (var bytes in evidence.Records)
            {
                var record = Record.Parse(bytes);
                latest = record.Time > latest ? record.Time : latest;
                if (record.Kind == RecordKinds.LedgerKeyRotated && KeyRotation.Parse(record.Body) is { Phase: KeyRotation.Retired } rotation)
                {
                    rotations.Add(rotation);
                }
            }

            if ((statement.KeyId is { } kid ? policy.RuleFor(statement.Issuer, new Digest(kid.Span)) : policy.RuleFor(statement.Issuer)) is not { Role: EmitterRole.Operator })
            {
                failures.Add(ReasonCodes.SuccessionUntrusted, Kind, subject, "a statement of an operator of the trust policy", $"one of {Hex.Excerpt(statement.Issuer.ToString())}");
            }

            _statements.Add((statement, evidence.Index, latest));
            return rotations is [var only] && only.Origin == newest.Origin
                ? only
                : throw new EvidenceFormatException($"expected one record that retires keys of {newest.Origin}, found {(rotations.Count == 1 ? $"one of {Hex.Excerpt(rotations[0].Origin)}" : $"{rotations.Count}")}");
        }
        catch (UnknownAlgorithmException error)
        {
            failures.Add(ReasonCodes.AlgorithmUnknown, Kind, subject, "keys of algorithms that this verifier knows", error.Message);
        }
        catch (EvidenceFormatException error)
        {
            failures.Add(ReasonCodes.SuccessionMalformed, Kind, subject, "an operator's statement that retires keys of the log", error.Message);
        }

        return null;
    }

    private void CheckPlace(SuccessionEvidence evidence, Checkpoint checkpoint, string subject, long last)
    {
        if (checkpoint.Origin != newest.Origin)
        {
            failures.Add(ReasonCodes.CheckpointOrigin, Kind, subject, $"the origin {newest.Origin} of the bundle's checkpoint", Hex.Excerpt(checkpoint.Origin));
        }

        if (!ConsistencyProof.Verify(checkpoint.Head, newest.Head, [.. evidence.Consistency]))
        {
            failures.Add(ReasonCodes.HeadInconsistent, Kind, subject, $"a proof that the checkpoint of size {newest.Size} extends this tree", "one that does not hold");
        }

        if (evidence.Statement.Index >= checkpoint.Size)
        {
            failures.Add(ReasonCodes.InclusionPath, Kind, subject, $"an index below the succession checkpoint's size {checkpoint.Size}", $"{evidence.Statement.Index}");
        }

        if (evidence.Statement.Index < last)
        {
            failures.Add(ReasonCodes.IndexOrder, Kind, subject, $"an index from {last}, the succession before it", $"{evidence.Statement.Index}");
        }
    }

    private void CheckSignatures(SignedNote note, Checkpoint checkpoint, KeyRotation rotation, string subject)
    {
        List<VerifierKey> all = [.. rotation.Old, .. rotation.New];
        if (note.Signatures.Count != all.Count || note.Signatures.Any(line => !all.Any(key => key.KeyId == line.KeyId && key.Name == line.Name)))
        {
            // Others' lines could be altered by anybody: here are only those that are judged.
            failures.Add(ReasonCodes.SuccessionMalformed, Kind, subject, $"{all.Count} signatures, by the old keys and the new ones", $"{note.Signatures.Count}, or others");
        }

        foreach (var key in all.Where(key => key.Verify(note).Result != NoteCheckResult.Good))
        {
            failures.Add(ReasonCodes.SuccessionUnsigned, Kind, subject, $"a signature by the {(rotation.Old.Contains(key) ? "old" : "new")} log key {SignedHead.Describe(key)} that verifies", "none, or one that does not");
        }

        foreach (var key in keys.RetiredBefore(checkpoint.Size).Where(key => key.Verify(note).Result == NoteCheckResult.Good))
        {
            failures.Add(ReasonCodes.KeyRetired, Kind, subject, $"no signature by log key {SignedHead.Describe(key)}, which was retired before this tree", "one");
        }

        // What the verifier holds itself to is at stake: its own keys' algorithms, not those of keys that it does not have.
        var lost = keys.Newest.Intersect(rotation.Old).Select(key => key.Type).Except(rotation.New.Select(key => key.Type)).Order().ToList();
        if (lost.Count > 0)
        {
            failures.Add(ReasonCodes.SuccessionDowngrade, Kind, subject, "new keys of each algorithm of the old ones", $"none of type {string.Join(", ", lost.Select(type => $"0x{type:x2}"))}");
        }
    }
}
