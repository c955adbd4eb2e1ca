namespace Cairn.Evidence.Drills;

/// <summary>What a changed bit did to the report.</summary>
internal enum BitEffect
{
    /// <summary>A verdict failed.</summary>
    Failed,

    /// <summary>Verified, by less evidence than before.</summary>
    SaysLess,

    /// <summary>Verified, and the very same report.</summary>
    None,

    /// <summary>Verified, and the report says something else.</summary>
    SaysOther,
}

/// <summary>Counts what became of the bits of one place. Many threads count at once.</summary>
/// <param name="place">The member's name, or <see cref="BitDrill.Container"/>.</param>
/// <param name="isRefitted">Whether the manifest and the checksums are made to fit after each change.</param>
/// <param name="bits">The bits to change: eight times the byte's offset, plus the bit.</param>
/// <param name="change">The bundle with that bit changed.</param>
/// <param name="unclaimed">What the specification calls that bit, if nothing is claimed of it; asked of changes without effect alone.</param>
internal sealed class BitTally(string place, bool isRefitted, long[] bits, Func<long, byte[]> change, Func<long, string?> unclaimed)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _unclaimed = new(StringComparer.Ordinal);
    private readonly List<UndetectedBit> _undetected = [];
    private long _failed, _less, _passed;

    /// <summary>The bits to change: eight times the byte's offset, plus the bit.</summary>
    public IReadOnlyList<long> Bits => bits;

    /// <summary>Changes without effect, by what their bytes are called.</summary>
    public IReadOnlyDictionary<string, long> Unclaimed => _unclaimed;

    /// <summary>The first changes that went undetected.</summary>
    public IReadOnlyList<UndetectedBit> Undetected => [.. _undetected.OrderBy(bit => bit.Offset).ThenBy(bit => bit.Bit)];

    /// <summary>The sums.</summary>
    public BitCount Total => new(place, isRefitted, bits.Length, _failed, _less, _unclaimed.Values.Sum(), _passed);

    /// <summary>The bundle with that bit changed.</summary>
    public byte[] Change(long bit) => change(bit);

    /// <summary>Counts a change.</summary>
    public void Count(long bit, BitEffect effect)
    {
        lock (_lock)
        {
            switch (effect)
            {
                case BitEffect.Failed:
                    _failed++;
                    break;
                case BitEffect.SaysLess:
                    _less++;
                    break;
                case BitEffect.None when unclaimed(bit) is { } name:
                    _unclaimed[name] = _unclaimed.GetValueOrDefault(name) + 1;
                    break;
                default:
                    _passed++;
                    if (_undetected.Count < BitDrill.MostListed)
                    {
                        _undetected.Add(new UndetectedBit(place, isRefitted, bit >> 3, (int)(bit & 7)));
                    }

                    break;
            }
        }
    }
}
