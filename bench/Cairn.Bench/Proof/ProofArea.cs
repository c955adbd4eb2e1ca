using Cairn.Bench.Measuring;

namespace Cairn.Bench.Proof;

/// <summary>The benchmarks of proof: what it costs that others can check.</summary>
internal static class ProofArea
{
    public static Task<int> RunAsync(Options options, TextWriter output, TextWriter progress) => AreaRun.RunAsync(
        options, output, progress,
        [
            new Section("witness", "witness…", limits => WitnessSection.MeasureAsync(options, limits)),
        ]);
}
