namespace Cairn.Evidence.Verification;

/// <summary>
/// The record ids that were seen. One id is one place in a table that is three quarters full at most, so that adding costs one look
/// into memory where a general set needs three: that look is most of the time beside hashing and signatures.
/// </summary>
internal sealed class SeenIds
{
    private UInt128[] _table = new UInt128[1 << 10]; // zero is a free place: no UUID of version 7 is zero
    private int _count;

    /// <summary>Adds an id; false when it was there.</summary>
    public bool Add(RecordId id)
    {
        if (_count >= _table.Length / 4 * 3)
        {
            Grow();
        }

        ref var place = ref PlaceOf(_table, id);
        if (place != default)
        {
            return false;
        }

        place = id.Bits;
        _count++;
        return true;
    }

    private static ref UInt128 PlaceOf(UInt128[] table, RecordId id)
    {
        // The hash has a seed of this process: ids come from emitters, and nobody can aim at a place.
        for (var at = id.GetHashCode() & (table.Length - 1); ; at = (at + 1) & (table.Length - 1))
        {
            ref var place = ref table[at];
            if (place == default || place == id.Bits)
            {
                return ref place;
            }
        }
    }

    private void Grow()
    {
        var larger = new UInt128[_table.Length * 2];
        foreach (var bits in _table)
        {
            if (bits != default)
            {
                PlaceOf(larger, RecordId.OfBits(bits)) = bits;
            }
        }

        _table = larger;
    }
}
