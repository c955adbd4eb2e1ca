using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Statements;

namespace Cairn.Ledger;

/// <summary>
/// Issues COSE Receipts and transparent statements with the log's keys (docs/spec/receipts.md §4, §5). It signs only a root
/// that a published checkpoint has, signed by the same keys, and to which the stored statement itself leads.
/// </summary>
public sealed class ReceiptDesk : IDisposable
{
    private readonly EmbeddedLedger _ledger;
    private readonly IReadOnlyList<CheckpointSigner> _signers;

    /// <summary>A desk for a ledger, with its directory's keys.</summary>
    /// <exception cref="LedgerDirectoryException">A key can't be read.</exception>
    public ReceiptDesk(LedgerDirectory directory, EmbeddedLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(directory);
        (_ledger, _signers) = (ledger, directory.OpenSigners());
    }

    /// <summary>The log's keys, in the order in which a transparent statement has their receipts: Ed25519 first.</summary>
    public IReadOnlyList<VerifierKey> Keys => [.. _signers.Select(signer => signer.VerifierKey)];

    /// <summary>The receipt of a statement by the log's Ed25519 key, under the newest published checkpoint.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No published checkpoint covers the index.</exception>
    /// <exception cref="LedgerInconsistentException">The statement does not lead to the signed root.</exception>
    public async Task<CoseReceipt> ReceiptAsync(long index, CancellationToken cancellationToken) =>
        (await IssueAsync(index, [_signers[0]], cancellationToken)).Receipts[0];

    /// <summary>The statement with one receipt by each of the log's keys.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No published checkpoint covers the index.</exception>
    /// <exception cref="LedgerInconsistentException">The statement does not lead to the signed root.</exception>
    public Task<TransparentStatement> TransparentAsync(long index, CancellationToken cancellationToken) => IssueAsync(index, _signers, cancellationToken);

    /// <summary>Forgets the keys.</summary>
    public void Dispose()
    {
        foreach (var signer in _signers)
        {
            signer.Dispose();
        }
    }

    private async Task<TransparentStatement> IssueAsync(long index, IReadOnlyList<CheckpointSigner> signers, CancellationToken cancellationToken)
    {
        var proof = await _ledger.ReceiptAsync(index, cancellationToken);
        var head = Checkpoint.Of(proof.Checkpoint).Head;
        if (_signers.Any(signer => signer.VerifierKey.Verify(proof.Checkpoint).Result != NoteCheckResult.Good))
        {
            throw new LedgerInconsistentException($"the published checkpoint of size {head.Size} is not signed by both of the log's keys; no receipt is given. Run `cairn fsck`");
        }

        var statement = await StatementAsync(index, cancellationToken);
        return InclusionProof.Verify(statement.LeafHash, index, head.Size, [.. proof.Path], head.Root)
            ? TransparentStatement.Of(statement, [.. signers.Select(signer => CoseReceipt.OfInclusion(signer, statement.Payload.Stream.ToString(), index, head, proof.Path))])
            : throw new LedgerInconsistentException($"statement {index} of the journal does not lead to the signed root {head.Root} of size {head.Size}; no receipt is given. Run `cairn fsck`");
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
