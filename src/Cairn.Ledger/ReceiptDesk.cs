using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Trust;
using Cairn.Ledger.Keys;

namespace Cairn.Ledger;

/// <summary>
/// Issues COSE Receipts and transparent statements with the log's keys (docs/spec/receipts.md §4, §5). It signs only a root
/// that a published checkpoint has, signed by the same keys, and to which the stored statement itself leads.
/// </summary>
public sealed class ReceiptDesk : IDisposable
{
    private readonly EmbeddedLedger _ledger;
    private readonly LogKeyFiles _files;
    private readonly Lock _gate = new();

    // All that were ever read: a receipt may be on its way by keys that have just been retired.
    private readonly List<LogKeys> _read = [];
    private string _stamp = "";

    /// <summary>A desk for a ledger, with its directory's keys.</summary>
    /// <exception cref="LedgerDirectoryException">A key can't be read.</exception>
    public ReceiptDesk(LedgerDirectory directory, EmbeddedLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(directory);
        (_ledger, _files) = (ledger, new LogKeyFiles(directory));
        Present();
    }

    /// <summary>The log's keys in force, in the order in which a transparent statement has their receipts: Ed25519 first. New ones count once the old are retired.</summary>
    public IReadOnlyList<VerifierKey> Keys => [.. Present().InForce.Select(signer => signer.VerifierKey)];

    /// <summary>The log's keys of the past, by which receipts of trees of their time hold.</summary>
    public IReadOnlyList<RetiredKey> Retired => Present().Retired;

    /// <summary>The receipt of a statement by one of the log's keys, under the newest published checkpoint.</summary>
    /// <param name="index">The statement's index.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="type">The key's type: Ed25519 or ML-DSA-44.</param>
    /// <exception cref="ArgumentOutOfRangeException">No published checkpoint covers the index.</exception>
    /// <exception cref="LedgerInconsistentException">The statement does not lead to the signed root.</exception>
    public async Task<CoseReceipt> ReceiptAsync(long index, CancellationToken cancellationToken, byte type = KeyType.Ed25519) =>
        (await IssueAsync(index, keys => keys.Where(signer => signer.VerifierKey.Type == type).Take(1), cancellationToken)).Receipts[0];

    /// <summary>The statement with one receipt by each of the log's keys.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No published checkpoint covers the index.</exception>
    /// <exception cref="LedgerInconsistentException">The statement does not lead to the signed root.</exception>
    public Task<TransparentStatement> TransparentAsync(long index, CancellationToken cancellationToken) => IssueAsync(index, keys => keys, cancellationToken);

    /// <summary>
    /// The receipt that the tree of the first <paramref name="newer"/> statements extends that of the first <paramref name="older"/>. Both are
    /// prefixes of the newest published checkpoint's tree, and the path to that one is verified before anything is signed.
    /// </summary>
    /// <param name="older">Size of the older tree, 1 at least.</param>
    /// <param name="newer">Size of the newer tree; null for the newest published checkpoint's.</param>
    /// <param name="key">The key of the log that signs.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sizes are not in order, no published checkpoint covers them, or the newer tree is of the log's old keys.</exception>
    /// <exception cref="LedgerInconsistentException">The published tiles do not lead to the signed root.</exception>
    public async Task<CoseReceipt> ConsistencyAsync(long older, long? newer, VerifierKey key, CancellationToken cancellationToken)
    {
        var keys = Present();

        // The newest with its quorum, where it covers what is asked for.
        var notes = new[] { _ledger.FinalCheckpoint(), _ledger.NewestCheckpoint() }.OfType<SignedNote>().ToList();
        var note = notes.Find(one => Checkpoint.Of(one).Size >= Math.Max(older, newer ?? older)) ?? notes.LastOrDefault();
        var published = note is null ? new TreeHead(0, MerkleHash.EmptyTree) : Checkpoint.Of(note).Head;
        var size = newer ?? published.Size;
        if (older < 1 || older > size || size > published.Size)
        {
            throw new ArgumentOutOfRangeException(nameof(newer), $"expected sizes with 1 <= FROM <= TO <= {published.Size}, the published checkpoint's, found {older} and {size}");
        }

        if (keys.Retired.Select(retired => retired.Size).Where(old => old >= size).DefaultIfEmpty(-1).Max() is var last and >= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(newer), $"expected a tree of more than {last} statements, found {size}: trees up to that size are of the log's old keys, and the present ones do not speak for them");
        }

        RequireSigned(note!, published, keys);
        var tree = _ledger.Tree();
        var (from, to) = (new TreeHead(older, await tree.PrefixRootAsync(older, published.Size, cancellationToken)), new TreeHead(size, await tree.PrefixRootAsync(size, published.Size, cancellationToken)));
        var path = await tree.ConsistencyPathAsync(older, size, published.Size, cancellationToken);
        return ConsistencyProof.Verify(from, to, path) && ConsistencyProof.Verify(to, published, await tree.ConsistencyPathAsync(size, published.Size, cancellationToken))
            ? CoseReceipt.OfConsistency(keys.InForce.First(signer => signer.VerifierKey.Equals(key)), older, to, path)
            : throw new LedgerInconsistentException($"the published tiles do not lead from the tree of {older} by that of {size} to the signed root {published.Root} of {published.Size}; no receipt is given. Run `cairn fsck`");
    }

    /// <summary>Forgets the keys.</summary>
    public void Dispose()
    {
        foreach (var keys in _read)
        {
            keys.Dispose();
        }
    }

    private LogKeys Present()
    {
        lock (_gate)
        {
            if (_files.Stamp is var stamp && stamp != _stamp)
            {
                _read.Add(_files.Read());
                _stamp = stamp;
            }

            return _read[^1];
        }
    }

    private async Task<TransparentStatement> IssueAsync(long index, Func<IEnumerable<CheckpointSigner>, IEnumerable<CheckpointSigner>> choose, CancellationToken cancellationToken)
    {
        var keys = Present();
        var proof = await _ledger.ReceiptAsync(index, cancellationToken);
        var head = Checkpoint.Of(proof.Checkpoint).Head;
        RequireSigned(proof.Checkpoint, head, keys);
        var statement = await StatementAsync(index, cancellationToken);
        return InclusionProof.Verify(statement.LeafHash, index, head.Size, [.. proof.Path], head.Root)
            ? TransparentStatement.Of(statement, [.. choose(keys.InForce).Select(signer => CoseReceipt.OfInclusion(signer, statement.Payload.Stream.ToString(), index, head, proof.Path))])
            : throw new LedgerInconsistentException($"statement {index} of the journal does not lead to the signed root {head.Root} of size {head.Size}; no receipt is given. Run `cairn fsck`");
    }

    private static void RequireSigned(SignedNote note, TreeHead head, LogKeys keys)
    {
        if (keys.InForce.All(signer => signer.VerifierKey.Verify(note).Result == NoteCheckResult.Good))
        {
            return;
        }

        throw keys.Retired.Any(retired => retired.Size >= head.Size && retired.Key.Verify(note).Result == NoteCheckResult.Good)
            ? new LedgerUnavailableException($"the published checkpoint of size {head.Size} is of the log's old keys, and none by the new ones is final yet; ask again when witnesses have cosigned")
            : new LedgerInconsistentException($"the published checkpoint of size {head.Size} is not signed by both of the log's keys; no receipt is given. Run `cairn fsck`");
    }

    private async Task<SignedStatement> StatementAsync(long index, CancellationToken cancellationToken)
    {
        await foreach (var entry in _ledger.ReadAsync(index, index + 1, cancellationToken))
        {
            return entry.Statement;
        }

        throw new LedgerInconsistentException($"the journal holds no statement {index}, which the published checkpoint covers; run `cairn fsck`");
    }
}
