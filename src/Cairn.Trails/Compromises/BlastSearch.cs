using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Ledger;
using Cairn.Trails.Index;

namespace Cairn.Trails.Compromises;

/// <summary>Finds the trails that a compromise may have reached by the index, and works out its reach over them.</summary>
/// <param name="ledger">The ledger.</param>
/// <param name="index">Its index, brought up to it.</param>
public sealed class BlastSearch(EmbeddedLedger ledger, TrailIndex index)
{
    private const int Page = 2_000;

    /// <summary>Everything downstream.</summary>
    /// <param name="compromise">What is bad.</param>
    /// <param name="policy">Whose word about checkpoints counts.</param>
    /// <param name="anchors">What else is known of checkpoints: time stamps, cosignatures that were kept.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<BlastReport> FindAsync(Compromise compromise, TrustPolicy policy, IEnumerable<CheckpointAnchor> anchors, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(compromise);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(anchors);
        var (radius, trails, followed) = (new BlastRadius(compromise), new TrailStore(ledger), new HashSet<string>(StringComparer.Ordinal));
        var found = await TracesAsync(Seeds(compromise), cancellationToken);
        while (found.Count > 0)
        {
            var read = new List<Trail>();
            foreach (var trace in found.Where(trace => !radius.Has(trace)))
            {
                read.Add(await trails.ReadAsync(trace, cancellationToken));
            }

            radius.Take(read);
            var further = radius.Suspects.Values.Where(suspect => followed.Add(suspect.Id)).ToList();
            found = await TracesAsync(further.SelectMany(suspect => UsesOf(suspect.Id, suspect.Since)), cancellationToken);
            found.RemoveWhere(radius.Has);
        }

        var standing = new ProofStanding(await BadEmittersAsync(compromise, cancellationToken), compromise.Since, anchors.Concat(Published(policy)));
        return radius.Report(standing, await SignedByAsync(standing, cancellationToken));
    }

    private static IEnumerable<RecordQuery> Seeds(Compromise compromise)
    {
        var (id, since) = (compromise.Id, (DateTimeOffset?)compromise.Since);
        return compromise.Kind switch
        {
            CompromiseKind.Credential => UsesOf(id, compromise.Since),
            CompromiseKind.Key => [Query(RecordField.Key, id, null)],
            CompromiseKind.Agent => [Query(RecordField.Agent, id, since), Query(RecordField.Party, id, null)],
            CompromiseKind.Tool => [Query(RecordField.Tool, id, since), Query(RecordField.Resource, id, since), Query(RecordField.Resource, $"{id}/*", since)],
            CompromiseKind.Policy => [Query(RecordField.Policy, id, since)],
            CompromiseKind.Emitter => [Query(RecordField.Emitter, id, since)],
            _ => [Query(RecordField.Person, id, null)],
        };
    }

    private static RecordQuery Query(RecordField field, string value, DateTimeOffset? since) => new() { Filters = [RecordFilter.Is(field, value)], Since = since, Limit = Page };

    private static IEnumerable<RecordQuery> UsesOf(string credential, DateTimeOffset since) =>
        [Query(RecordField.Credential, credential, since), Query(RecordField.ParentCredential, credential, since)];

    private async Task<HashSet<TraceId>> TracesAsync(IEnumerable<RecordQuery> queries, CancellationToken cancellationToken)
    {
        var traces = new HashSet<TraceId>();
        foreach (var query in queries)
        {
            await foreach (var record in index.FindAllAsync(query, cancellationToken))
            {
                traces.Add(record.Record.Trace);
            }
        }

        return traces;
    }

    // An agent can lie about itself; a key's holder signs as the emitter that was enrolled with it.
    private async Task<HashSet<SpiffeId>> BadEmittersAsync(Compromise compromise, CancellationToken cancellationToken)
    {
        var bad = new HashSet<SpiffeId>();
        if (compromise.Kind is CompromiseKind.Emitter or CompromiseKind.Agent && SpiffeId.TryParse(compromise.Id, out var id))
        {
            bad.Add(id);
        }
        else if (compromise.Kind == CompromiseKind.Key)
        {
            var enrolments = Query(RecordField.Key, compromise.Id, null) with { Filters = [RecordFilter.Is(RecordField.Key, compromise.Id), RecordFilter.Is(RecordField.Kind, RecordKinds.LedgerEnrolled)] };
            await foreach (var record in index.FindAllAsync(enrolments, cancellationToken))
            {
                if (SpiffeId.TryParse(record.Record.ReadBody().Text("emitter"), out var emitter))
                {
                    bad.Add(emitter);
                }
            }
        }

        return bad;
    }

    private async Task<Dictionary<Standing, long>> SignedByAsync(ProofStanding standing, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<Standing, long>();
        foreach (var emitter in standing.BadEmitters)
        {
            await foreach (var record in index.FindAllAsync(Query(RecordField.Emitter, emitter.ToString(), null), cancellationToken))
            {
                var stands = standing.Of(record.Issuer, record.Statement, record.Record.Time);
                counts[stands] = counts.GetValueOrDefault(stands) + 1;
            }
        }

        return counts;
    }

    // The newest checkpoint, at the times that those who signed it say; the log's own word is one of them.
    private IEnumerable<CheckpointAnchor> Published(TrustPolicy policy) =>
        ledger.Checkpoint is { } note && policy.Log.Check(note) is { Accepted: true } verdict ? CheckpointAnchor.Of(note, verdict) : [];
}
