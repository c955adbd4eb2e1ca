using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Index;

/// <summary>
/// The trails that a piece touches, as a list shows them. A trail's root is its earliest start without a parent; where none
/// was recorded, the earliest start stands for it.
/// </summary>
internal sealed class TrailRows(IndexDatabase database)
{
    private readonly Dictionary<string, Row> _rows = new(StringComparer.Ordinal);
    private string _lastTrace = "";
    private Row? _last;

    /// <summary>Takes in a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="place">Its statement's index.</param>
    /// <param name="principal">The principal that it names.</param>
    /// <param name="status">The status that it tells.</param>
    public void Take(in RecordView record, long place, string? principal, string? status)
    {
        var row = Of(record, place);
        var time = record.Time.UtcTicks;
        (row.Started, row.Latest) = (Math.Min(row.Started, time), Math.Max(row.Latest, time));
        row.Records++;
        if (record.Kind.SequenceEqual("action.requested"u8))
        {
            row.Actions++;
        }

        if (!System.Text.Ascii.Equals(record.ActorIdText, row.LastAgent))
        {
            row.LastAgent = System.Text.Encoding.UTF8.GetString(record.ActorIdText);
            row.See(row.LastAgent);
        }

        if (record.Kind.SequenceEqual("task.started"u8))
        {
            var order = $"{(record.Parent is null ? 0 : 1)} {time:D19} {record.Id}";
            if (row.RootOrder.Length == 0 || string.CompareOrdinal(order, row.RootOrder) < 0)
            {
                (row.RootOrder, row.Root, row.Principal, row.Owner) = (order, record.Span.ToString(), principal ?? "", record.Owner);
            }
        }
        else if (record.Kind.SequenceEqual("task.ended"u8))
        {
            row.Ended.Add((record.Span.ToString(), time, status ?? ""));
        }
    }

    /// <summary>Writes the rows.</summary>
    public void Write()
    {
        foreach (var (trace, row) in _rows)
        {
            var key = Convert.FromHexString(trace);
            database.Run(
                "INSERT OR REPLACE INTO trail VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                key, row.First, row.Started, row.Latest, (object?)row.Root ?? DBNull.Value, row.RootOrder, row.Principal, row.Owner, row.Records, row.Actions);
            for (var number = row.KeptAgents; number < row.Agents.Count; number++)
            {
                database.Run("INSERT INTO agent VALUES($1, $2, $3)", key, row.Agents[number], number);
            }

            foreach (var (span, time, status) in row.Ended)
            {
                database.Run(
                    """
                    INSERT INTO ended VALUES($1, $2, $3, $4)
                    ON CONFLICT DO UPDATE SET time = excluded.time, status = excluded.status WHERE (excluded.time, excluded.status) > (time, status)
                    """,
                    key, span, time, status);
            }
        }
    }

    private Row Of(in RecordView record, long place)
    {
        if (_last is not null && System.Text.Ascii.Equals(record.TraceText, _lastTrace))
        {
            return _last;
        }

        _lastTrace = System.Text.Encoding.ASCII.GetString(record.TraceText);
        if (!_rows.TryGetValue(_lastTrace, out var row))
        {
            _rows[_lastTrace] = row = Load(Convert.FromHexString(_lastTrace)) ?? new Row { First = place, Owner = record.Owner };
        }

        return _last = row;
    }

    private Row? Load(byte[] key)
    {
        Row row;
        using (var found = database.Query("SELECT first, started, last, root, root_order, principal, owner, records, actions FROM trail WHERE trace = $1", key))
        {
            if (!found.Read())
            {
                return null;
            }

            row = new Row
            {
                First = found.GetInt64(0),
                Started = found.GetInt64(1),
                Latest = found.GetInt64(2),
                Root = found.IsDBNull(3) ? null : found.GetString(3),
                RootOrder = found.GetString(4),
                Principal = found.GetString(5),
                Owner = found.GetString(6),
                Records = found.GetInt64(7),
                Actions = found.GetInt64(8),
            };
        }

        using var agents = database.Query("SELECT agent FROM agent WHERE trace = $1 ORDER BY number", key);
        while (agents.Read())
        {
            row.See(agents.GetString(0));
        }

        row.KeptAgents = row.Agents.Count;
        return row;
    }

    private sealed class Row
    {
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

        public long First { get; init; }

        public long Started { get; set; } = long.MaxValue;

        public long Latest { get; set; } = long.MinValue;

        public string? Root { get; set; }

        public string RootOrder { get; set; } = "";

        public string Principal { get; set; } = "";

        public string Owner { get; set; } = "";

        public long Records { get; set; }

        public long Actions { get; set; }

        /// <summary>In order of appearance.</summary>
        public List<string> Agents { get; } = [];

        public int KeptAgents { get; set; }

        public string LastAgent { get; set; } = "";

        public List<(string Span, long Time, string Status)> Ended { get; } = [];

        public void See(string agent)
        {
            if (_seen.Add(agent))
            {
                Agents.Add(agent);
            }
        }
    }
}
