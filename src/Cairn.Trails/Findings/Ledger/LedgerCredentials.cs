using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Findings;

/// <summary>
/// What a whole ledger tells of credentials, as the index holds it: issues and ends by record, uses by who and where. Several
/// threads may ask at once, while nobody takes anything.
/// </summary>
internal sealed class LedgerCredentials(IndexTables tables) : ICredentialBook
{
    private readonly Dictionary<string, TrailCredential?> _known = new(StringComparer.Ordinal);
    private readonly Lock _turn = new();

    /// <inheritdoc/>
    public bool IsWhole => true;

    /// <summary>Takes an issue or an end; the trails that used the credential are to be checked again.</summary>
    public void Take(TrailRecord entry)
    {
        if (entry.Record.ReadBody().Text("id") is not { } id)
        {
            return;
        }

        _known.Remove(id);
        tables.Run(
            "INSERT INTO check_credential VALUES($id, $record, $trace, $issuer, $stream, $place, $bytes) ON CONFLICT DO NOTHING",
            ("$id", id), ("$record", entry.Record.Id.ToString()), ("$trace", entry.Record.Trace.ToString()), ("$issuer", entry.Issuer.ToString()),
            ("$stream", entry.Stream.ToString()), ("$place", entry.Statement), ("$bytes", entry.Record.Bytes.ToArray()));
        tables.Run("UPDATE check_trail SET dirty = 2 WHERE trace IN (SELECT trace FROM check_holding WHERE id = $id UNION SELECT trace FROM check_credential WHERE id = $id)", ("$id", id));
    }

    /// <summary>Takes a trail's uses in place of what was known of them; other trails with the same credentials are to be checked again.</summary>
    public void Take(Trail trail)
    {
        var trace = trail.Trace.ToString();
        var book = CredentialBook.Of(trail);
        var uses = UsedCredential.In(trail).Select(use => use.Credential).Distinct(StringComparer.Ordinal)
            .SelectMany(id => book.Holdings(id).Select(holding => (Id: id, holding.Agent, holding.Record)))
            .Select(use => (use.Id, Agent: use.Agent.ToString(), Record: use.Record.ToString(), Time: trail.Find.Record(use.Record)!.Record.Time.UtcTicks)).ToHashSet();
        var before = tables.All(
            row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3)), "SELECT id, agent, record, time FROM check_holding WHERE trace = $trace", ("$trace", trace)).ToHashSet();
        foreach (var (id, agent, _, _) in before.Except(uses))
        {
            tables.Run("DELETE FROM check_holding WHERE id = $id AND trace = $trace AND agent = $agent", ("$id", id), ("$trace", trace), ("$agent", agent));
        }

        foreach (var (id, agent, record, time) in uses.Except(before))
        {
            tables.Run("INSERT OR REPLACE INTO check_holding VALUES($id, $trace, $agent, $record, $time)", ("$id", id), ("$trace", trace), ("$agent", agent), ("$record", record), ("$time", time));
            tables.Run("UPDATE check_trail SET dirty = 2 WHERE trace <> $trace AND trace IN (SELECT trace FROM check_holding WHERE id = $id)", ("$id", id), ("$trace", trace));
        }
    }

    /// <inheritdoc/>
    public TrailCredential? Find(string id)
    {
        lock (_turn)
        {
            if (!_known.TryGetValue(id, out var credential))
            {
                // One reader for trails and for the ledger: the records are put together as a trail's would be.
                var records = tables.All(
                    row => new TrailRecord(Record.Parse((byte[])row.GetValue(0)), SpiffeId.Parse(row.GetString(1)), StreamId.Parse(row.GetString(2)), row.GetInt64(3)),
                    "SELECT bytes, issuer, stream, place FROM check_credential WHERE id = $id", ("$id", id));
                _known[id] = credential = records.Count == 0 ? null : Trail.From(records).Find.Credential(id);
            }

            return credential;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<CredentialHolding> Holdings(string id)
    {
        lock (_turn)
        {
            return tables.All(
                row => new CredentialHolding(TraceId.Parse(row.GetString(0)), SpiffeId.Parse(row.GetString(1)), RecordId.Parse(row.GetString(2))),
                "SELECT trace, agent, record FROM check_holding WHERE id = $id ORDER BY time, record", ("$id", id));
        }
    }
}
