using System.Diagnostics;
using Cairn.Evidence;

namespace Cairn.Bench.Proof;

/// <summary>One proof and what it took.</summary>
/// <param name="Place">The entry's index, or the older tree's size.</param>
/// <param name="Path">Its hashes.</param>
/// <param name="Made">Seconds.</param>
/// <param name="Verified">Seconds.</param>
internal sealed record MeasuredProof(long Place, Digest[] Path, double Made, double Verified)
{
    /// <exception cref="BenchException">The proof, which is good, did not hold.</exception>
    public static MeasuredProof Of(long place, Func<Digest[]> make, Func<Digest[], bool> verify)
    {
        var begun = Stopwatch.GetTimestamp();
        var path = make();
        var made = Stopwatch.GetTimestamp();
        var holds = verify(path);
        var verified = Stopwatch.GetTimestamp();
        return holds
            ? new MeasuredProof(place, path, Stopwatch.GetElapsedTime(begun, made).TotalSeconds, Stopwatch.GetElapsedTime(made, verified).TotalSeconds)
            : throw new BenchException($"a proof of {place} that was just made does not hold");
    }
}
