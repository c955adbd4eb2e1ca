namespace Cairn.Evidence.Drills;

/// <summary>What became of the single-bit changes of one member, or of the container, in one of the drill's two ways.</summary>
/// <param name="Place">The member's name, or <see cref="BitDrill.Container"/>.</param>
/// <param name="IsRefitted">Whether the manifest and the checksums were made to fit after each change.</param>
/// <param name="Bits">How many bits were changed, one at a time.</param>
/// <param name="Failed">Changes with which the bundle is not verified.</param>
/// <param name="SaysLess">Changes with which it is verified by less: the report lacks a witness or a time, or has a warning more.</param>
/// <param name="Unclaimed">Changes without effect on the report, in bytes of which the specification says that nothing is claimed.</param>
/// <param name="Undetected">All other changes: each is a fault of the verifier.</param>
public sealed record BitCount(string Place, bool IsRefitted, long Bits, long Failed, long SaysLess, long Unclaimed, long Undetected);

/// <summary>A change that no check saw although something is claimed of the byte.</summary>
/// <param name="Place">The member's name, or <see cref="BitDrill.Container"/>.</param>
/// <param name="IsRefitted">Whether the manifest and the checksums were made to fit.</param>
/// <param name="Offset">The byte, from 0: in the member's uncompressed bytes where they were refitted, else in the bundle.</param>
/// <param name="Bit">The bit, 0 the lowest.</param>
public sealed record UndetectedBit(string Place, bool IsRefitted, long Offset, int Bit);

/// <summary>The outcome of a drill with single bits.</summary>
/// <param name="Counts">By way and place, in the bundle's order.</param>
/// <param name="UnclaimedBits">Changes without effect, by the name that the specification has for their bytes (verification.md §11).</param>
/// <param name="Undetected">The first changes that went undetected, at most <see cref="BitDrill.MostListed"/>.</param>
public sealed record BitDrillReport(
    IReadOnlyList<BitCount> Counts, IReadOnlyDictionary<string, long> UnclaimedBits, IReadOnlyList<UndetectedBit> Undetected)
{
    /// <summary>Whether no change went undetected.</summary>
    public bool IsGood => Undetected.Count == 0;
}
