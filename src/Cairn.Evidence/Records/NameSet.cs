using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Cairn.Evidence.Records;

/// <summary>
/// The names of all objects that are open during a scan, as a stack: an object's names are those above the mark it
/// started at. Names are compared after unescaping; a keyed hash keeps hostile names from making that slow.
/// </summary>
internal ref struct NameSet(Span<uint> hashes, Span<long> places)
{
    /// <summary>How many names fit before memory is rented.</summary>
    public const int Inline = 64;

    private static readonly ulong Key = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;

    private Span<uint> _hashes = hashes;
    private Span<long> _places = places;
    private uint[]? _rentedHashes;
    private long[]? _rentedPlaces;
    private List<byte[]>? _unescaped;

    /// <summary>How many names are on the stack: the mark for an object that starts now.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Adds a name to the object whose names start at <paramref name="mark"/>; false when it is there already.
    /// <paramref name="seen"/> holds one bit of each of that object's hashes, so that most names need no comparison.
    /// </summary>
    public bool Add(ReadOnlySpan<byte> record, int mark, ref ulong seen, int start, ReadOnlySpan<byte> name, bool escaped)
    {
        var hash = Hash(name);
        var bit = 1UL << (int)(hash & 63);
        if ((seen & bit) != 0 && Holds(record, mark, hash, name))
        {
            return false;
        }

        seen |= bit;
        if (Count == _hashes.Length)
        {
            Grow();
        }

        _hashes[Count] = hash;
        if (escaped)
        {
            (_unescaped ??= []).Add(name.ToArray());
            _places[Count] = -_unescaped.Count;
        }
        else
        {
            _places[Count] = ((long)start << 32) | (uint)name.Length;
        }

        Count++;
        return true;
    }

    /// <summary>Forgets the names of an object that ended.</summary>
    public void Release(int mark) => Count = mark;

    /// <summary>Gives rented memory back.</summary>
    public void Dispose()
    {
        if (_rentedHashes is not null)
        {
            ArrayPool<uint>.Shared.Return(_rentedHashes);
            ArrayPool<long>.Shared.Return(_rentedPlaces!);
            (_rentedHashes, _rentedPlaces) = (null, null);
        }
    }

    private readonly bool Holds(ReadOnlySpan<byte> record, int mark, uint hash, ReadOnlySpan<byte> name)
    {
        for (var from = mark; from < Count;)
        {
            var hit = _hashes[from..Count].IndexOf(hash);
            if (hit < 0)
            {
                return false;
            }

            if (NameAt(record, from + hit).SequenceEqual(name))
            {
                return true;
            }

            from += hit + 1;
        }

        return false;
    }

    private readonly ReadOnlySpan<byte> NameAt(ReadOnlySpan<byte> record, int index)
    {
        var place = _places[index];
        return place < 0 ? _unescaped![(int)(-place - 1)] : record.Slice((int)(place >> 32), (int)place);
    }

    private void Grow()
    {
        var hashes = ArrayPool<uint>.Shared.Rent(Count * 2);
        var places = ArrayPool<long>.Shared.Rent(Count * 2);
        _hashes[..Count].CopyTo(hashes);
        _places[..Count].CopyTo(places);
        Dispose();
        _rentedHashes = hashes;
        _rentedPlaces = places;
        var room = Math.Min(hashes.Length, places.Length);
        _hashes = hashes.AsSpan(0, room);
        _places = places.AsSpan(0, room);
    }

    /// <summary>A keyed mix of all of the name's bytes.</summary>
    private static uint Hash(ReadOnlySpan<byte> name)
    {
        var mix = Key ^ (ulong)name.Length;
        if (name.Length >= 8)
        {
            for (var rest = name; rest.Length > 8; rest = rest[8..])
            {
                mix = BitOperations.RotateLeft((mix ^ MemoryMarshal.Read<ulong>(rest)) * Key, 29);
            }

            mix ^= MemoryMarshal.Read<ulong>(name[^8..]);
        }
        else if (name.Length >= 4)
        {
            mix ^= MemoryMarshal.Read<uint>(name) | ((ulong)MemoryMarshal.Read<uint>(name[^4..]) << 32);
        }
        else if (name.Length > 0)
        {
            mix ^= name[0] | ((ulong)name[name.Length / 2] << 8) | ((ulong)name[^1] << 16);
        }

        return (uint)((mix * Key) >> 32);
    }
}
