using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.Ledger.Timestamps;
using Cairn.Trails.Bundles;

namespace Cairn.Trails;

/// <summary>Which of a trail's statements still stand where their keys were revoked, by what the data directory knows.</summary>
public static class TrailRevocations
{
    /// <summary>The revoked keys that the trail's statements are signed with.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="directory">Its directory: anchors, and its own trust policy.</param>
    /// <param name="trace">The trail.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<IReadOnlyList<RevokedKeySummary>> OfAsync(EmbeddedLedger ledger, LedgerDirectory directory, TraceId trace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(directory);
        var policy = directory.TrustPolicy();
        if (policy.Revoked.Count == 0 && RevokedKeys.Read(directory.KeysPath).Count == 0)
        {
            return [];
        }

        var revocations = new List<RecordedRevocation>();
        await foreach (var entry in ledger.TrustChangesAsync(policy, cancellationToken))
        {
            revocations.AddRange(entry.Records.Select(Record.Parse).Where(record => record.Kind == RecordKinds.LedgerKeyRevoked)
                .Select(record => new RecordedRevocation(entry.Index, entry.Statement.Issuer.TrustDomain, KeyRevocation.Parse(record.Body))));
        }

        var statements = new List<(SpiffeId, long, Digest)>();
        var keys = new EmitterKeys(ledger);
        var choice = new AnchorChoice(new AnchorStore(directory), directory.Origin, long.MaxValue);
        await foreach (var entry in ledger.ReadAsync(ledger.StatementsOf(trace), cancellationToken))
        {
            choice.Take(entry.Index, 0);
            statements.Add((entry.Statement.Issuer, entry.Index, keys.KeyOf(entry)));
        }

        var published = ledger.Checkpoint is { } newest ? TimeAnchor.Of(newest, [], policy) : null;
        var brackets = new TimeBrackets(choice.Chosen().Select(anchor => anchor.Claims(policy)).Append(published).OfType<TimeAnchor>());
        return RevokedStatements.Judge(policy, brackets, revocations, statements);
    }
}
