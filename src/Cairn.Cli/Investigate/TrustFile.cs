using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Trust;

namespace Cairn.Cli.Investigate;

/// <summary>A trust policy in a file.</summary>
internal static class TrustFile
{
    /// <exception cref="CliException">There is none, or it is not a policy.</exception>
    public static async Task<TrustPolicy> ReadAsync(string path, CancellationToken cancel)
    {
        try
        {
            return TrustPolicy.Parse(await File.ReadAllBytesAsync(path, cancel));
        }
        catch (EvidenceFormatException problem)
        {
            throw new CliException($"{path} is not a trust policy: {problem.Message}", "cairn keys --data DIR > trust.policy, where the ledger is");
        }
        catch (FileNotFoundException)
        {
            throw new CliException($"there is no trust policy at {Path.GetFullPath(path)}");
        }
    }
}
