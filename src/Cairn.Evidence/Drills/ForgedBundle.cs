using Cairn.Evidence.Bundles;

namespace Cairn.Evidence.Drills;

/// <summary>What somebody without a key can make of a bundle, for drills and demonstrations.</summary>
public static class ForgedBundle
{
    /// <summary>The bundle with one member edited, and the manifest's digests and the zip's sizes and checksums made to fit.</summary>
    /// <param name="bundle">A bundle, whole in memory.</param>
    /// <param name="member">The member's name; not the manifest's.</param>
    /// <param name="edit">Gives the member's new bytes.</param>
    /// <exception cref="InvalidDataException">It is no bundle, or has no such member.</exception>
    public static byte[] Edit(byte[] bundle, string member, Func<byte[], byte[]> edit)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(edit);
        try
        {
            var apart = new TakenApart(bundle);
            var at = apart.Entries.ToList().FindIndex(entry => entry.Name == member);
            return at > 0 ? apart.With(at, edit(apart.Members[at])) : throw new InvalidDataException($"the bundle holds no {member} that can be replaced");
        }
        catch (Exception problem) when (problem is BundleFault or EvidenceFormatException)
        {
            throw new InvalidDataException($"it is no bundle: {problem.Message}", problem);
        }
    }
}
