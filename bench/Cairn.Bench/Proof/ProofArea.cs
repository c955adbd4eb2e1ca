using Cairn.Bench.Measuring;

namespace Cairn.Bench.Proof;

/// <summary>The benchmarks of proof: what it costs that others can check.</summary>
internal static class ProofArea
{
    public static Task<int> RunAsync(Options options, TextWriter output, TextWriter progress) => AreaRun.RunAsync(
        options, output, progress,
        [
            new Section("verify", "verification of whole bundles…", _ => VerificationSection.MeasureAsync(options, progress)),
            new Section("proofs", "proofs of ledgers that grow…", limits => ProofsSection.MeasureAsync(options, limits, progress)),
            new Section("bytes", "bundles' bytes…", _ => BundleBytesSection.MeasureAsync(options, progress)),
            new Section("witness", "witness…", limits => WitnessSection.MeasureAsync(options, limits)),
        ]);
}
