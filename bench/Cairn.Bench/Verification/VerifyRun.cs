using Cairn.Bench.Measuring;

namespace Cairn.Bench.Verification;

/// <summary>One verification in a process of its own, and the parts of it that no verifier can do without, in that process too.</summary>
/// <param name="Records">Records that the verifier counted.</param>
/// <param name="Verified">Whether no verdict failed.</param>
/// <param name="FirstSeconds">The first verification of the process by the clock.</param>
/// <param name="FirstCpuSeconds">Its processor time, with what is compiled then.</param>
/// <param name="CpuSeconds">Processor time of the second one.</param>
/// <param name="PeakBytes">The process's largest resident size after the first.</param>
/// <param name="Read">Reading the file, processor seconds.</param>
/// <param name="Members">The same with each member inflated and digested.</param>
/// <param name="Hashes">The same with leaf and node of each record.</param>
/// <param name="Signatures">All signatures of statements, processor seconds.</param>
internal sealed record VerifyRun(
    long Records, bool Verified, double FirstSeconds, double FirstCpuSeconds, double CpuSeconds, double PeakBytes, double Read, double Members, double Hashes, double Signatures)
{
    /// <summary>What no verifier gets below, in processor seconds.</summary>
    public double Limit => Hashes + Signatures;

    /// <summary>The run of the median processor time.</summary>
    public static VerifyRun Median(string bundle, string policy, int runs) =>
        Enumerable.Range(0, runs).Select(_ => Of(bundle, policy)).OrderBy(run => run.CpuSeconds).ElementAt(runs / 2);

    private static VerifyRun Of(string bundle, string policy)
    {
        var json = Child.Run(Environment.ProcessPath!, [VerifyChild.Command, bundle, policy], "the verifier's process");
        double Number(string name) => json.GetProperty(name).GetDouble();
        return new VerifyRun(
            (long)Number("records"), json.GetProperty("verified").GetBoolean(), Number("first_seconds"), Number("first_cpu_seconds"), Number("cpu_seconds"), Number("peak_bytes"),
            Number("read"), Number("members"), Number("hashes"), Number("signatures"));
    }
}
