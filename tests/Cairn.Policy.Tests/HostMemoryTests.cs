namespace Cairn.Policy.Tests;

/// <summary>Tests that measure the whole process, so that nothing else may run in it meanwhile.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;

[Collection(nameof(AloneInTheProcess))]
public sealed class HostMemoryTests
{
    [Fact]
    public async Task Memory_stays_flat_over_many_decisions()
    {
        using var folder = new TemporaryFolder();
        var cancel = TestContext.Current.CancellationToken;
        await using var host = await PolicyHost.OpenAsync(
            new PolicyHostOptions { Path = folder.Bundle("""@id("all") permit (principal, action, resource);"""), Watch = false }, cancel);
        async Task DecideAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                Assert.Equal(PolicyOutcome.Allow, (await host.DecideAsync(Bundle.Request($"tool{i}"), cancel)).Outcome);
            }
        }

        await DecideAsync(2_000);
        var (engine, managed) = (host.Current.Evaluator.IdleMemoryBytes, GC.GetTotalMemory(forceFullCollection: true));
        await DecideAsync(10_000);

        Assert.Equal(engine, host.Current.Evaluator.IdleMemoryBytes);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) < managed + (4 << 20), "managed memory grew by more than 4 MiB over 10,000 decisions");
    }
}
