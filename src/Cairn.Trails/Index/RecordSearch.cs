using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cairn.Evidence.Records;
using Cairn.Ledger;

namespace Cairn.Trails.Index;

/// <summary>
/// Finds records, newest first. Blocks are looked at by their latest time: in each, the sets of the conditions are
/// intersected, and the search ends at the first block that is older than all that is needed. What is found is read from
/// the ledger: the index tells where records are and never what they say.
/// </summary>
internal sealed class RecordSearch(IndexDatabase database, EmbeddedLedger ledger)
{
    private readonly OrdinalSet _found = new();
    private readonly OrdinalSet _any = new();
    private readonly ushort[] _ordinals = new ushort[OrdinalSet.BlockSize];

    /// <summary>One page.</summary>
    /// <exception cref="RecordQueryException">A condition has too many values.</exception>
    public async Task<RecordPage> FindAsync(RecordQuery query, CancellationToken cancellationToken)
    {
        var conditions = new TermNames(database).Conditions(query.Filters);
        var blocks = Blocks();
        var (records, after) = (new List<TrailRecord>(), query.After);

        // One more than asked for tells whether there is a next page. A batch may shrink where only some records count.
        var wanted = query.Limit + 1;
        while (true)
        {
            var batch = Candidates(conditions, blocks, query, after, wanted);
            var read = await ReadAsync(batch, cancellationToken);
            read.Sort(NewestFirst);
            var page = read.Where(record => after is not { } cursor || IsAfter(record, cursor)).Take(wanted).ToList();
            records.AddRange(query.Among is { } among ? page.Where(record => among.Contains(record.Record.Id)) : page);
            if (page.Count < wanted || records.Count >= wanted)
            {
                break;
            }

            after = CursorOf(page[^1]);
        }

        var shown = records.Take(query.Limit).ToList();
        return new RecordPage(shown, records.Count > shown.Count ? CursorOf(shown[^1]) : null);
    }

    private static RecordCursor CursorOf(TrailRecord record) => new(record.Record.Time, record.Record.Id);

    private static int NewestFirst(TrailRecord left, TrailRecord right)
    {
        var order = right.Record.Time.UtcTicks.CompareTo(left.Record.Time.UtcTicks);
        order = order != 0 ? order : string.CompareOrdinal(right.Record.Id.ToString(), left.Record.Id.ToString());
        return order != 0 ? order : right.Statement.CompareTo(left.Statement);
    }

    private static bool IsAfter(TrailRecord record, RecordCursor cursor) =>
        record.Record.Time < cursor.Time || (record.Record.Time == cursor.Time && string.CompareOrdinal(record.Record.Id.ToString(), cursor.Record.ToString()) < 0);

    private List<(long Number, long Earliest, long Latest)> Blocks()
    {
        using var rows = database.Query("SELECT number, earliest, latest FROM block ORDER BY latest DESC, number DESC");
        var blocks = new List<(long, long, long)>();
        while (rows.Read())
        {
            blocks.Add((rows.GetInt64(0), rows.GetInt64(1), rows.GetInt64(2)));
        }

        return blocks;
    }

    // The newest so many that meet the conditions, and all others of the same instant as the last of them or as the cursor.
    private List<(long Time, long Ordinal)> Candidates(
        IReadOnlyList<IReadOnlyList<long>> conditions, List<(long Number, long Earliest, long Latest)> blocks, RecordQuery query, RecordCursor? after, int wanted)
    {
        var since = query.Since?.UtcTicks ?? long.MinValue;
        var until = Math.Min(query.Until?.UtcTicks ?? long.MaxValue, after?.Time.UtcTicks ?? long.MaxValue);
        var atCursor = after?.Time.UtcTicks ?? long.MaxValue;
        var found = new List<(long Time, long Ordinal)>();
        var (least, room) = (since, 4 * (wanted + 64));
        foreach (var (number, earliest, latest) in blocks)
        {
            if (latest < least)
            {
                break;
            }

            if (earliest > until || !Intersect(conditions, number))
            {
                continue;
            }

            var times = (byte[])database.One("SELECT times FROM moment WHERE block = $1", number)!;
            if (conditions.Count == 0)
            {
                _found.Fill(times.Length / 8);
            }

            var count = _found.CopyTo(_ordinals);
            for (var i = count - 1; i >= 0; i--)
            {
                var time = BinaryPrimitives.ReadInt64LittleEndian(times.AsSpan(8 * _ordinals[i]));
                if (time >= least && time <= until)
                {
                    found.Add((time, (number * OrdinalSet.BlockSize) + _ordinals[i]));
                    if (found.Count >= room)
                    {
                        least = Math.Max(least, Cut(found, wanted, atCursor));
                        room = Math.Max(room, 2 * found.Count);
                    }
                }
            }

            least = Math.Max(least, Cut(found, wanted, atCursor));
        }

        return found;
    }

    // Keeps the newest so many besides those at the cursor's instant, of which some were on the page before; gives the time from which on more count.
    private static long Cut(List<(long Time, long Ordinal)> found, int wanted, long atCursor)
    {
        var below = CollectionsMarshal.AsSpan(found);
        below.Sort(static (left, right) => right.Time.CompareTo(left.Time));
        var first = 0;
        while (first < below.Length && below[first].Time == atCursor)
        {
            first++;
        }

        if (below.Length - first < wanted)
        {
            return long.MinValue;
        }

        var last = below[first + wanted - 1].Time;
        var end = first + wanted;
        while (end < below.Length && below[end].Time == last)
        {
            end++;
        }

        found.RemoveRange(end, found.Count - end);
        return last;
    }

    private bool Intersect(IReadOnlyList<IReadOnlyList<long>> conditions, long block)
    {
        for (var i = 0; i < conditions.Count; i++)
        {
            var set = i == 0 ? _found : _any;
            set.Clear();
            foreach (var term in conditions[i])
            {
                if (database.One("SELECT ordinals FROM posting WHERE block = $1 AND term = $2", block, term) is byte[] ordinals)
                {
                    set.Add(ordinals);
                }
            }

            if (i > 0)
            {
                _found.Intersect(_any);
            }

            if (_found.IsEmpty)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<List<TrailRecord>> ReadAsync(List<(long Time, long Ordinal)> candidates, CancellationToken cancellationToken)
    {
        var byStatement = new SortedDictionary<long, List<int>>();
        foreach (var (_, ordinal) in candidates)
        {
            using var row = database.Query("SELECT first, place FROM statement WHERE first <= $1 ORDER BY first DESC LIMIT 1", ordinal);
            if (!row.Read())
            {
                throw new InvalidDataException($"the index has no statement for its record {ordinal}. Run: cairn reindex");
            }

            var place = row.GetInt64(1);
            if (!byStatement.TryGetValue(place, out var inside))
            {
                byStatement[place] = inside = [];
            }

            inside.Add((int)(ordinal - row.GetInt64(0)));
        }

        var records = new List<TrailRecord>(candidates.Count);
        var places = byStatement.Keys.ToArray();
        for (var at = 0; at < places.Length;)
        {
            var end = at + 1;
            while (end < places.Length && places[end] == places[end - 1] + 1)
            {
                end++;
            }

            await foreach (var entry in ledger.ReadAsync(places[at], places[end - 1] + 1, cancellationToken))
            {
                foreach (var inside in byStatement[entry.Index])
                {
                    records.Add(new TrailRecord(Record.Parse(entry.Records[inside]), entry.Statement.Issuer, entry.Statement.Payload.Stream, entry.Index));
                }
            }

            at = end;
        }

        return records;
    }
}
