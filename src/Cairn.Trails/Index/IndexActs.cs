using System.Buffers.Binary;
using Cairn.Evidence;

namespace Cairn.Trails.Index;

/// <summary>The request of an act.</summary>
/// <param name="Ordinal">The record.</param>
/// <param name="Tool">The number of its tool; 0: none.</param>
/// <param name="Resource">The number of its resource; 0: none.</param>
internal readonly record struct IndexedAct(long Ordinal, long Tool, long Resource);

/// <summary>
/// Brings the records of an act together, whichever comes first: the request is found by what the others tell of it, and
/// they by its tool and resource. Of two requests under one id, the first in the ledger is it.
/// </summary>
/// <param name="database">Where requests of before, and what waits for one, are kept.</param>
/// <param name="add">Takes an ordinal and the number that it is found by as well.</param>
internal sealed class IndexActs(IndexDatabase database, Action<long, long> add)
{
    private readonly Dictionary<UInt128, IndexedAct> _known = [];
    private readonly HashSet<UInt128> _new = [];
    private readonly Dictionary<UInt128, List<(long Ordinal, long Term)>> _waiting = [];

    // Ids ascend with time, so that most of what is new lies beyond all that is kept and needs no look.
    private readonly UInt128? _lastKept = Number(database.One("SELECT max(id) FROM act"));
    private readonly UInt128? _lastWaiting = Number(database.One("SELECT max(act) FROM waiting"));

    /// <summary>An act's request.</summary>
    public void Request(RecordId id, IndexedAct act)
    {
        var number = Number(id);
        if (Find(number) is not null)
        {
            return;
        }

        _known.Add(number, act);
        _new.Add(number);
        if (_waiting.Remove(number, out var waiting))
        {
            waiting.ForEach(one => Join(act, one.Ordinal, one.Term));
        }

        if (number <= _lastWaiting)
        {
            var bytes = Bytes(number);
            using (var rows = database.Query("SELECT ordinal, term FROM waiting WHERE act = $1", bytes))
            {
                while (rows.Read())
                {
                    Join(act, rows.GetInt64(0), rows.GetInt64(1));
                }
            }

            database.Run("DELETE FROM waiting WHERE act = $1", bytes);
        }
    }

    /// <summary>Another record of an act.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="ordinal">The record.</param>
    /// <param name="terms">What it tells of the act.</param>
    public void Belongs(RecordId id, long ordinal, ReadOnlySpan<long> terms)
    {
        var number = Number(id);
        if (Find(number) is { } act)
        {
            Join(act, ordinal, 0);
            foreach (var term in terms)
            {
                Join(act, ordinal, term);
            }

            return;
        }

        if (!_waiting.TryGetValue(number, out var waiting))
        {
            _waiting[number] = waiting = [];
        }

        waiting.Add((ordinal, 0));
        foreach (var term in terms)
        {
            waiting.Add((ordinal, term));
        }
    }

    /// <summary>Keeps the new requests, and what still waits for one.</summary>
    public void Write()
    {
        foreach (var number in _new.Order())
        {
            var act = _known[number];
            database.Run("INSERT INTO act VALUES($1, $2, $3, $4)", Bytes(number), act.Ordinal, act.Tool, act.Resource);
        }

        foreach (var (number, waiting) in _waiting)
        {
            foreach (var (ordinal, term) in waiting)
            {
                database.Run("INSERT OR IGNORE INTO waiting VALUES($1, $2, $3)", Bytes(number), ordinal, term);
            }
        }
    }

    private IndexedAct? Find(UInt128 number)
    {
        if (_known.TryGetValue(number, out var act))
        {
            return act;
        }

        if (number <= _lastKept)
        {
            using var row = database.Query("SELECT ordinal, tool, resource FROM act WHERE id = $1", Bytes(number));
            if (row.Read())
            {
                return _known[number] = new IndexedAct(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
            }
        }

        return null;
    }

    private void Join(IndexedAct act, long ordinal, long term)
    {
        if (term != 0)
        {
            add(act.Ordinal, term);
            return;
        }

        if (act.Tool != 0)
        {
            add(ordinal, act.Tool);
        }

        if (act.Resource != 0)
        {
            add(ordinal, act.Resource);
        }
    }

    private static UInt128 Number(RecordId id)
    {
        Span<byte> text = stackalloc byte[RecordId.TextLength];
        id.Format(text);
        Span<byte> bytes = stackalloc byte[16];
        Guid.Parse(text).TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static UInt128? Number(object? bytes) => bytes is byte[] id ? BinaryPrimitives.ReadUInt128BigEndian(id) : null;

    private static byte[] Bytes(UInt128 number)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return bytes;
    }
}
