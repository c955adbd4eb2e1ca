using System.Buffers.Binary;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Trust;
using Cairn.Ledger;
using Cairn.Ledger.Keys;
using Cairn.Ledger.Timestamps;
using Cairn.Trails.Erasure;

namespace Cairn.Trails.Bundles;

/// <summary>One pass over a trail's statements into a bundle.</summary>
internal sealed class TrailExport(EmbeddedLedger ledger, BundleAssembler bundle, TraceId trace, Checkpoint checkpoint, TrailVault? vault, BundleOptions options, AnchorStore anchors)
{
    private readonly byte[] _trace = Encoding.ASCII.GetBytes(trace.ToString());
    private readonly SortedDictionary<long, TreeHead> _heads = [];
    private readonly HashSet<Digest> _certificates = [];
    private readonly AnchorChoice _anchors = new(anchors, checkpoint.Origin, checkpoint.Size);
    private readonly DecisionExport? _decisions = options.Decisions is null ? null : new DecisionExport(bundle, options.Decisions);

    public Checkpoint Checkpoint { get; } = checkpoint;

    public long Statements { get; private set; }

    public long Records { get; private set; }

    public long Contents { get; private set; }

    public async Task RunAsync(IReadOnlyList<long> indices, CancellationToken cancellationToken)
    {
        var tree = ledger.Tree();
        await foreach (var entry in ledger.ReadAsync(indices, cancellationToken))
        {
            Add(entry, await tree.InclusionPathAsync(entry.Index, Checkpoint.Size, cancellationToken));
        }

        if (Statements != indices.Count)
        {
            throw new BundleExportException($"the journal has {Statements} of the {indices.Count} statements of trail {trace}; run `cairn fsck`");
        }

        foreach (var anchor in await _anchors.AnchorsAsync(tree, cancellationToken))
        {
            bundle.Add(anchor);
        }

        foreach (var head in _heads.Values)
        {
            bundle.Add(new HeadProof(head, await tree.ConsistencyPathAsync(head.Size, Checkpoint.Size, cancellationToken)));
        }

        _decisions?.Finish();
    }

    /// <summary>
    /// Adds the ledger's changes of trust bundles and revocations of keys, whatever trail they are of: without them a verifier could not follow; and
    /// the tombstones of this trail's content, where it was erased.
    /// </summary>
    public async Task AddTrustAsync(TrustPolicy policy, CancellationToken cancellationToken)
    {
        var tree = ledger.Tree();
        await foreach (var entry in ledger.OperatorEntriesAsync(policy, record => IsTold(record, trace), cancellationToken))
        {
            if (entry.Index >= Checkpoint.Size)
            {
                break;
            }

            bundle.Add(await EvidenceAsync(entry, record => IsTold(record, trace), tree, cancellationToken));
        }
    }

    /// <summary>Adds the successions of the log's own keys up to the checkpoint: without them a verifier with an older policy could not follow.</summary>
    public async Task AddSuccessionsAsync(LogKeyFiles keys, CancellationToken cancellationToken)
    {
        var tree = ledger.Tree();
        foreach (var (index, note, succession) in keys.Successions().Where(one => one.Succession.Size <= Checkpoint.Size))
        {
            var signers = succession.Old.Concat(succession.New).ToList();
            var signed = new SignedNote(note.Body, [.. note.Signatures.Where(line => signers.Any(key => key.KeyId == line.KeyId && key.Name == line.Name))]);
            await foreach (var entry in ledger.ReadAsync(index, index + 1, cancellationToken))
            {
                bundle.Add(new SuccessionEvidence(
                    signed.Encode(), await tree.ConsistencyPathAsync(succession.Size, Checkpoint.Size, cancellationToken),
                    await EvidenceAsync(entry, LogKeyChange.IsRetirement, tree, cancellationToken)));
            }
        }
    }

    /// <summary>The last statement with a tombstone of the trail's content: the checkpoint of a bundle covers it. -1: there is none.</summary>
    public static async Task<long> LastTombstoneAsync(EmbeddedLedger ledger, TrustPolicy policy, TraceId trace, CancellationToken cancellationToken)
    {
        var last = -1L;
        await foreach (var entry in ledger.OperatorEntriesAsync(policy, record => IsTombstone(record, trace), cancellationToken))
        {
            last = entry.Index;
        }

        return last;
    }

    private async Task<TrustEvidence> EvidenceAsync(LedgerEntry entry, Func<ReadOnlyMemory<byte>, bool> wanted, TileTree tree, CancellationToken cancellationToken)
    {
        var positions = Enumerable.Range(0, entry.Records.Count).Where(position => wanted(entry.Records[position])).ToList();
        AddCertificates(entry);
        return new TrustEvidence(
            entry.Index,
            entry.Statement.Bytes,
            positions.Count == entry.Records.Count ? null : positions,
            [.. positions.Select(position => entry.Records[position])],
            [.. Enumerable.Range(0, entry.Records.Count).Except(positions).Select(position => MerkleHash.Leaf(entry.Records[position].Span))],
            await tree.InclusionPathAsync(entry.Index, Checkpoint.Size, cancellationToken));
    }

    private static bool IsTold(ReadOnlyMemory<byte> record, TraceId trace) => EmbeddedLedger.IsTrustChange(record) || IsTombstone(record, trace);

    private static bool IsTombstone(ReadOnlyMemory<byte> record, TraceId trace) => ErasureLog.IsTombstone(record) && ErasureLog.ShreddingIn(Record.Parse(record)).Trail == trace;

    private void Add(LedgerEntry entry, Digest[] path)
    {
        var statement = entry.Statement;
        var positions = new List<int>();
        var siblings = new List<Digest>();
        var hints = new List<byte>();
        Span<byte> leafBytes = stackalloc byte[Digest.Size];
        for (var i = 0; i < entry.Records.Count; i++)
        {
            var leaf = MerkleHash.Leaf(entry.Records[i].Span);
            var record = RecordView.Parse(entry.Records[i].Span);
            if (record.TraceText.SequenceEqual(_trace))
            {
                _decisions?.Take(record);
                positions.Add(i);
                leaf.CopyTo(leafBytes);
                hints.AddRange(leafBytes[..4]);
            }
            else
            {
                siblings.Add(leaf);
            }
        }

        var proof = new StatementProof(entry.Index, siblings.Count == 0 ? null : positions, siblings, path, hints.ToArray());
        bundle.Add(statement, proof, positions.Select(position => entry.Records[position]));
        (Statements, Records) = (Statements + 1, Records + positions.Count);
        _anchors.Take(entry.Index, statement.Payload.KnownHead?.Size ?? 0);
        if (statement.Payload.KnownHead is { } head)
        {
            _heads.TryAdd(head.Size, head);
        }

        AddCertificates(entry);
        if (vault is not null && vault.TryGet(trace, out var key))
        {
            foreach (var position in positions)
            {
                Disclose(entry.Records[position], key);
            }
        }
    }

    private bool Discloses(Record record, string member) =>
        (options.Content && options.Chosen?.Contains((record.Id, member)) != false)
        || (options.Decisions is not null && record.Kind == RecordKinds.PolicyDecided && member == "input");

    private void AddCertificates(LedgerEntry entry)
    {
        if (entry.Statement.X5t is { } thumbprint && entry.Statement.X5Chain.Count == 0 && _certificates.Add(thumbprint))
        {
            bundle.Add(new CertificateChain(thumbprint, ledger.Certificates(thumbprint)
                ?? throw new BundleExportException($"the journal has no certificate {thumbprint}, which statement {entry.Index} names; run `cairn fsck`")));
        }
    }

    private void Disclose(ReadOnlyMemory<byte> bytes, byte[] trailKey)
    {
        // Most records hold no kept content: their text says so before they are parsed.
        if (bytes.Span.IndexOf("\"content\":\"full\""u8) < 0 && bytes.Span.IndexOf("\"content\":\"redacted\""u8) < 0)
        {
            return;
        }

        var record = Record.Parse(bytes);
        foreach (var content in ledger.ContentsOf(trace, record.Id).Where(content => Discloses(record, content.Member)))
        {
            var (value, keyMember) = HeldCommitment.Parse(record.Body.GetProperty(content.Member)).ForKept(content.Member);
            var (key, opened) = (Commitment.CommitmentKey(trailKey, record.Id, keyMember), content.Open(trailKey));
            if (!Commitment.Matches(value, key, opened))
            {
                throw new BundleExportException($"the {content.Member} that the ledger keeps for record {record.Id} does not match the record's commitment; nothing was disclosed");
            }

            bundle.Add(record.Id, content.Member, key, opened);
            Contents++;
        }
    }
}
