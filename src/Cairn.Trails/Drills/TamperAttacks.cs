using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Statements;
using static Cairn.Evidence.Verification.ReasonCodes;

namespace Cairn.Trails.Drills;

/// <summary>The structured attacks of <c>cairn drill tamper</c> (docs/spec/verification.md §11), each with the codes that it must bring up.</summary>
internal static class TamperAttacks
{
    /// <summary>An action in the middle of the trail: root's "read", alone in its statement.</summary>
    private const int Middle = 2;

    public static IReadOnlyList<TamperAttack> All { get; } =
    [
        new("drop a statement", "one from the middle, with its proof and records", [SequenceGap], story => Without(story.Honest(), Middle)),
        new("drop a record", "hidden behind its hash, as records of other trails are", [ActionUnrequested, SequenceGap], story => At(story.Honest(), Middle, HideFirst)),
        new("drop an emitter", "all of the helper's statements", [EmitterMissing], story => Without(story.Honest(), 1, 3, 5)),
        new("cut the tail", "the last statements of all emitters", [EmitterOpen], story => Without(story.Honest(), 5, 6)),
        new("cut one tail", "the helper's last statement", [EmitterOpen, RecordsMissing], story => Without(story.Honest(), 5)),
        new("duplicate a statement", "twice in a row", [IndexOrder, RecordDuplicate, SequenceRepeated, StreamOrder], story => Insert(story.Honest(), Middle, story.Honest().Statements[Middle])),
        new("swap statements", "two of one emitter", [IndexOrder, SequenceGap, SequenceRepeated, StreamOrder], story => Swap(story.Honest(), Middle, 4)),
        new("swap records", "two within a statement", [ActionOpen, ActionUnrequested, RecordsRoot, SequenceGap, SequenceRepeated], story => At(story.Honest(), Middle, one => one with { Records = [.. one.Records.Reverse()] })),
        new("swap proofs", "the paths of two statements", [InclusionRoot], story => SwapPaths(story.Honest(), Middle, 4)),
        new("alter a record", "one letter, its hint fitting", [RecordsRoot], story => At(story.Honest(), Middle, one => Rewritten(one, Altered(one.Records)))),
        new("splice trails", "a statement of another trail of the ledger, with its true proof, certificate and head", [EmitterOpen, RecordTrace, SequenceGap], Spliced),
        new("splice trails, renamed", "the other trail under this one's name", [RecordTrace], story => story.Ledger.Export(story.Other) with { Trace = story.Trace }),
        new("roll back", "the trail under a true older checkpoint", [EmitterOpen], story => story.Ledger.Export(story.Trace, size: 7)),
        new("roll back the checkpoint", "an older checkpoint before all statements", [HeadInconsistent, InclusionPath], story => story.Honest() with { Checkpoint = story.Ledger.Checkpoint(7) }),
        new("extend", "a statement more, by the attacker's key, at an index of its own", [CertificateUntrusted, InclusionPath], Extended),
        new("re-sign", "a statement by the attacker's key, its certificate beside it", [CertificateUntrusted, InclusionRoot, StreamPrevious], ReSigned),
        new("re-sign the ledger", "all statements and the checkpoint by the attacker's keys, under the same names", [CertificateUntrusted, CheckpointUnsigned], story => story.Forged.Export(story.Trace)),
        new("swap the key inside", "another certificate under the hash of the true one", [CertificateMismatch], story => story.Honest() with { Certificates = [.. story.Honest().Certificates.Select(chain => chain with { Chain = [story.Attacker().Chain[0]] })] }),
        new("swap the trust inside", "the attacker's trust policy in place of the exporter's", [], story => story.Honest() with { Policy = story.Forged.Policy }),
        new("swap all", "the attacker's ledger, keys and trust policy", [CertificateUntrusted, CheckpointUnsigned], story => story.Forged.Export(story.Trace) with { Policy = story.Forged.Policy }),
        new("downgrade the checkpoint", "without its ML-DSA-44 signature", [CheckpointUnsigned], story => story.Honest() with { Checkpoint = Only(story.Honest().Checkpoint, 0) }),
        new("downgrade the other way", "without its Ed25519 signature", [CheckpointUnsigned], story => story.Honest() with { Checkpoint = Only(story.Honest().Checkpoint, 1) }),
        new("downgrade a statement", "another algorithm in its header", [InclusionRoot, StatementSignature, StreamPrevious], story => At(story.Honest(), Middle, one => one with { Statement = OtherAlgorithm(one.Statement) })),
        new("mix two ledgers", "statements of one under the other's checkpoint", [CertificateUntrusted, HeadInconsistent, InclusionRoot], story => story.Forged.Export(story.Trace) with { Checkpoint = story.Ledger.Checkpoint() }),
        new("mix the other way", "the true statements under the other's checkpoint", [CheckpointUnsigned, HeadInconsistent, InclusionRoot], story => story.Honest() with { Checkpoint = story.Forged.Checkpoint() }),
    ];

    private static DrillBundle With(DrillBundle bundle, Action<List<DrillStatement>> edit)
    {
        var statements = bundle.Statements.ToList();
        edit(statements);
        return bundle with { Statements = statements };
    }

    private static DrillBundle At(DrillBundle bundle, int at, Func<DrillStatement, DrillStatement> edit) => With(bundle, all => all[at] = edit(all[at]));

    private static DrillBundle Insert(DrillBundle bundle, int at, DrillStatement one) => With(bundle, all => all.Insert(at, one));

    private static DrillBundle Without(DrillBundle bundle, params int[] left) =>
        bundle with { Statements = [.. bundle.Statements.Where((_, i) => !left.Contains(i))] };

    private static DrillBundle Swap(DrillBundle bundle, int one, int other) => With(bundle, all => (all[one], all[other]) = (all[other], all[one]));

    private static DrillBundle SwapPaths(DrillBundle bundle, int one, int other) => With(bundle, all =>
    {
        var (first, second) = (all[one].Proof.Path, all[other].Proof.Path);
        all[one] = all[one] with { Proof = all[one].Proof with { Path = second } };
        all[other] = all[other] with { Proof = all[other].Proof with { Path = first } };
    });

    private static DrillStatement HideFirst(DrillStatement one) => new(
        one.Statement,
        one.Proof with { Records = [.. Enumerable.Range(1, one.Records.Length - 1)], Siblings = [MerkleHash.Leaf(one.Records[0])], Hints = one.Proof.Hints[4..] },
        one.Records[1..]);

    private static DrillStatement Rewritten(DrillStatement one, byte[][] records) => one with { Records = records, Proof = one.Proof with { Hints = DrillLedger.Hints(records) } };

    private static byte[][] Altered(byte[][] records)
    {
        var altered = records[0].AsSpan().ToArray();
        altered[altered.AsSpan().LastIndexOf("read"u8)] = (byte)'d';
        return [altered, .. records[1..]];
    }

    private static DrillBundle Spliced(DrillStory story)
    {
        var (bundle, other) = (story.Honest(), story.Ledger.Export(story.Other));
        return Insert(bundle, 3, other.Statements[1]) with
        {
            Certificates = [.. bundle.Certificates, .. other.Certificates],
            Heads = [.. bundle.Heads.Concat(other.Heads).DistinctBy(head => head.Head.Size).OrderBy(head => head.Head.Size)],
        };
    }

    private static DrillBundle Extended(DrillStory story)
    {
        var attacker = story.Attacker();
        var entry = attacker.Sign(null, attacker.Started(), attacker.Ended());
        var last = story.Honest().Statements[^1];
        return With(story.Honest(), all => all.Add(new DrillStatement(
            entry.Statement, last.Proof with { Index = last.Proof.Index + 1, Hints = DrillLedger.Hints(entry.Records) }, entry.Records)));
    }

    private static DrillBundle ReSigned(DrillStory story)
    {
        var attacker = story.Attacker();
        var bundle = At(story.Honest(), Middle, one => one with { Statement = attacker.Sign(one.Statement.Payload) });
        return bundle with { Certificates = [.. bundle.Certificates, new CertificateChain(Digest.Sha256(attacker.Chain[0]), [attacker.Chain[0]])] };
    }

    private static SignedNote Only(SignedNote note, int signature) => new(note.Body, [note.Signatures[signature]]);

    /// <summary>The statement with EdDSA (-8) named in its protected header (RFC 9052 §3.1) instead of ES256 (-7): one byte.</summary>
    private static SignedStatement OtherAlgorithm(SignedStatement statement)
    {
        var bytes = statement.Bytes.ToArray();
        var at = bytes.AsSpan().IndexOf([(byte)0x01, (byte)0x26]);
        bytes[at + 1] = 0x27;
        return SignedStatement.Decode(bytes);
    }
}
