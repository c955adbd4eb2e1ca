using Cairn.Policy.Bundles;
using Cairn.Policy.Checking;
using Cairn.Policy.Engine;

namespace Cairn.Policy.Tests;

public sealed class SampleTests
{
    public static TheoryData<string> Samples => new("read-only-assistant", "coding-agent", "payments");

    [Theory]
    [MemberData(nameof(Samples))]
    public void Sample_bundle_is_valid_without_a_warning_and_passes_its_own_cases(string name)
    {
        var bundle = PolicyBundle.Load(BundleFiles.FromFolder(Path.Combine(Folder(), name)), CedarModule.Shared);
        var results = PolicyTestRun.Run(bundle, CedarModule.Shared);

        Assert.Empty(bundle.Warnings);
        Assert.True(results.Count >= 10);
        Assert.Equal([], results.Where(r => !r.Passed).Select(r => $"{r.Case.Name}: {string.Join("; ", r.Differences)}"));
    }

    [Fact]
    public void Every_policy_of_the_samples_decides_in_some_case()
    {
        foreach (var name in Samples.Select(s => s.Data))
        {
            var bundle = PolicyBundle.Load(BundleFiles.FromFolder(Path.Combine(Folder(), name)), CedarModule.Shared);
            var decided = PolicyTestRun.Run(bundle, CedarModule.Shared).SelectMany(r => r.Found.Determining).ToHashSet();
            Assert.Equal([], bundle.Policies.Select(p => p.Id).Where(id => !decided.Contains(id)));
        }
    }

    internal static string Folder()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Cairn.slnx")))
        {
            at = at.Parent;
        }

        return Path.Combine(at?.FullName ?? throw new InvalidOperationException("not below the repository"), "samples", "policies");
    }
}
