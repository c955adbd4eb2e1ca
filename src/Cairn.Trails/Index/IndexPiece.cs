using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Microsoft.Data.Sqlite;

namespace Cairn.Trails.Index;

/// <summary>
/// A stretch of the ledger on its way into the index: gathered in memory, then written in one go. What comes out depends
/// on the ledger alone and never on where one stretch ends and the next begins.
/// </summary>
internal sealed class IndexPiece
{
    private readonly IndexDatabase _database;
    private readonly RecordTerms _terms;
    private readonly IndexActs _acts;
    private readonly TrailRows _trails;
    private readonly long _begin;
    private readonly SortedDictionary<long, Dictionary<long, List<ushort>>> _blocks = [];
    private readonly List<long> _times = [];
    private readonly List<(long First, long Place)> _statements = [];
    private readonly HashSet<(RecordField Field, string Text)> _names = [];
    private readonly List<long> _given = [];
    private long _blockNumber = -1;
    private Dictionary<long, List<ushort>> _block = [];
    private long _tool, _resource;

    /// <param name="database">Where it goes.</param>
    /// <param name="begin">How many records are in the index before it.</param>
    public IndexPiece(IndexDatabase database, long begin)
    {
        (_database, _begin) = (database, begin);
        _terms = new RecordTerms(Take);
        _acts = new IndexActs(database, Add);
        _trails = new TrailRows(database);
    }

    /// <summary>How many records it holds.</summary>
    public int Records => _times.Count;

    private long Ordinal => _begin + _times.Count;

    /// <summary>Takes in a statement's records.</summary>
    public void Take(LedgerEntry entry)
    {
        _statements.Add((Ordinal, entry.Index));
        var issuer = entry.Statement.Issuer.ToString();
        foreach (var bytes in entry.Records)
        {
            var record = RecordView.Parse(bytes.Span);
            Open(Ordinal / OrdinalSet.BlockSize);
            (_tool, _resource) = (0, 0);
            _given.Clear();
            _terms.Read(record, issuer);
            if (record.Kind.SequenceEqual("action.requested"u8))
            {
                _acts.Request(record.Id, new IndexedAct(Ordinal, _tool, _resource));
            }
            else if (_terms.Act is { } act)
            {
                _acts.Belongs(act, Ordinal, CollectionsMarshal.AsSpan(_given));
            }

            _trails.Take(record, entry.Index, _terms.Principal, _terms.Status);
            _times.Add(record.Time.UtcTicks);
        }
    }

    /// <summary>Writes all of it.</summary>
    /// <param name="next">The index of the first statement after it.</param>
    public void Write(long next)
    {
        foreach (var (first, place) in _statements)
        {
            _database.Run("INSERT INTO statement VALUES($1, $2)", first, place);
        }

        WriteTimes();
        _acts.Write();
        WriteOrdinals();
        foreach (var (field, text) in _names)
        {
            _database.Run("INSERT OR IGNORE INTO name VALUES($1, $2)", (long)field, text);
        }

        _trails.Write();
        _database.Run("UPDATE position SET next = $1, records = $2", next, Ordinal);
    }

    private void Open(long block)
    {
        if (block != _blockNumber)
        {
            (_blockNumber, _block) = (block, BlockOf(block));
        }
    }

    private Dictionary<long, List<ushort>> BlockOf(long block) => _blocks.TryGetValue(block, out var found) ? found : _blocks[block] = [];

    private void Take(RecordField field, ReadOnlySpan<byte> utf8)
    {
        var term = _database.Term.Of(field, utf8);
        if (Add(_block, term, Ordinal) && TermNames.IsKept(field))
        {
            _names.Add((field, Encoding.UTF8.GetString(utf8)));
        }

        switch (field)
        {
            case RecordField.Tool: _tool = term; break;
            case RecordField.Resource: _resource = term; break;
            case RecordField.Decision or RecordField.Status or RecordField.Credential: _given.Add(term); break;
            default: break;
        }
    }

    private void Add(long ordinal, long term) => Add(BlockOf(ordinal / OrdinalSet.BlockSize), term, ordinal);

    /// <returns>Whether the term is new in the piece's block.</returns>
    private static bool Add(Dictionary<long, List<ushort>> block, long term, long ordinal)
    {
        ref var ordinals = ref CollectionsMarshal.GetValueRefOrAddDefault(block, term, out var known);
        ordinals ??= new List<ushort>(2);
        ordinals.Add((ushort)(ordinal % OrdinalSet.BlockSize));
        return !known;
    }

    private void WriteOrdinals()
    {
        foreach (var (number, terms) in _blocks)
        {
            var isNew = number * OrdinalSet.BlockSize >= _begin;
            foreach (var term in terms.Keys.Order())
            {
                if (!isNew && _database.One("SELECT ordinals FROM posting WHERE block = $1 AND term = $2", number, term) is byte[] before)
                {
                    _database.Run("UPDATE posting SET ordinals = $3 WHERE block = $1 AND term = $2", number, term, OrdinalSet.Merge(before, terms[term]));
                }
                else
                {
                    _database.Run("INSERT INTO posting VALUES($1, $2, $3)", number, term, OrdinalSet.Encode(terms[term]));
                }
            }
        }
    }

    private void WriteTimes()
    {
        for (var at = 0; at < _times.Count;)
        {
            var (block, place) = Math.DivRem(_begin + at, OrdinalSet.BlockSize);
            var count = (int)Math.Min(_times.Count - at, OrdinalSet.BlockSize - place);
            var times = CollectionsMarshal.AsSpan(_times).Slice(at, count);
            var bytes = new byte[8 * (place + count)];
            if (place > 0)
            {
                ((byte[])_database.One("SELECT times FROM moment WHERE block = $1", block)!).CopyTo(bytes, 0);
            }

            var (earliest, latest) = (long.MaxValue, long.MinValue);
            for (var i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan((int)(8 * (place + i))), times[i]);
                (earliest, latest) = (Math.Min(earliest, times[i]), Math.Max(latest, times[i]));
            }

            _database.Run("INSERT OR REPLACE INTO moment VALUES($1, $2)", block, bytes);
            _database.Run(
                "INSERT INTO block VALUES($1, $2, $3) ON CONFLICT DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)", block, earliest, latest);
            at += count;
        }
    }
}
