using Cairn.Evidence;
using Cairn.Evidence.Statements;

namespace Cairn.Ledger;

/// <summary>A key that an emitter has signed statements with.</summary>
/// <param name="Key">SHA-256 of its SubjectPublicKeyInfo.</param>
/// <param name="First">Index of the first statement.</param>
/// <param name="Last">Index of the last.</param>
/// <param name="Statements">How many there are.</param>
public sealed record EmitterKey(Digest Key, long First, long Last, long Statements);

/// <summary>Which keys stand behind the statements of a ledger.</summary>
/// <param name="ledger">The ledger.</param>
public sealed class EmitterKeys(EmbeddedLedger ledger)
{
    private readonly Dictionary<Digest, Digest> _ofCertificates = [];

    /// <summary>The keys that an emitter's statements are signed with, in the order of the first ones.</summary>
    /// <exception cref="LedgerDirectoryException">The journal lacks a certificate that a statement names.</exception>
    public async Task<IReadOnlyList<EmitterKey>> OfAsync(SpiffeId emitter, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<Digest, EmitterKey>();
        foreach (var index in ledger.StatementsBy(emitter))
        {
            await foreach (var entry in ledger.ReadAsync(index, index + 1, cancellationToken))
            {
                var key = KeyOf(entry);
                keys[key] = keys.TryGetValue(key, out var known) ? known with { Last = index, Statements = known.Statements + 1 } : new EmitterKey(key, index, index, 1);
            }
        }

        return [.. keys.Values.OrderBy(key => key.First)];
    }

    /// <summary>The key of the certificate with that SHA-256; null when no statement of the ledger brought it.</summary>
    public Digest? OfCertificate(Digest thumbprint) => ledger.Certificates(thumbprint) is [var leaf, ..] ? KeyOf(leaf) : null;

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the key that a statement is signed with.</summary>
    /// <exception cref="LedgerDirectoryException">The journal lacks the certificate that it names.</exception>
    public Digest KeyOf(LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Statement.KeyId is { } kid)
        {
            return new Digest(kid.Span);
        }

        var thumbprint = entry.Statement.X5t!.Value;
        if (!_ofCertificates.TryGetValue(thumbprint, out var key))
        {
            _ofCertificates[thumbprint] = key = entry.Statement.X5Chain is [var leaf, ..] ? KeyOf(leaf) : OfCertificate(thumbprint)
                ?? throw new LedgerDirectoryException($"the journal has no certificate {thumbprint}, which statement {entry.Index} names; run `cairn fsck`");
        }

        return key;
    }

    private static Digest KeyOf(ReadOnlyMemory<byte> leaf)
    {
        using var key = StatementKey.FromCertificate(leaf.Span);
        return key.SpkiHash;
    }
}
