using System.Diagnostics;

namespace Cairn.Ledger.Tests;

public class ProcessTests
{
    private static readonly CancellationToken Cancel = CancellationToken.None;

    [Fact]
    public async Task Five_processes_at_once_make_one_ledger_and_lose_nothing()
    {
        using var folder = new TestFolder();
        var children = Enumerable.Range(0, 5).Select(_ => ChildProcess.Start(folder.Data, 200)).ToList();

        var outputs = await Task.WhenAll(children.Select(child => child.StandardOutput.ReadToEndAsync()));
        var errors = await Task.WhenAll(children.Select(child => child.StandardError.ReadToEndAsync()));

        Assert.All(errors, error => Assert.Equal("", error));
        var acknowledged = Acknowledged(string.Concat(outputs));
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), acknowledged.Select(one => one.Index).Order());
        await AllPresentAsync(folder, acknowledged);
    }

    [Fact]
    public async Task What_was_acknowledged_is_there_after_SIGKILL_at_random_moments()
    {
        using var folder = new TestFolder();
        LedgerDirectory.Create(folder.Data, new LedgerSettings());
        var acknowledged = new List<(string Stream, long Seq, long Index)>();
        // Four rounds; more where the machine is so busy that the children were killed before they did anything.
        for (var round = 0; round < 4 || (acknowledged.Count == 0 && round < 20); round++)
        {
            var children = new[] { ChildProcess.Start(folder.Data, -1), ChildProcess.Start(folder.Data, -1) };
            var outputs = children.Select(child => child.StandardOutput.ReadToEndAsync()).ToList();
            await Task.Delay(1500 + Random.Shared.Next(1000), Cancel);
            foreach (var child in children)
            {
                child.Kill();
                await child.WaitForExitAsync(Cancel);
            }

            acknowledged.AddRange(Acknowledged(string.Concat(await Task.WhenAll(outputs))));
        }

        Assert.NotEmpty(acknowledged);
        await AllPresentAsync(folder, acknowledged);
    }

    [Fact]
    public async Task A_failed_fsync_ends_the_process_and_says_why()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is not installed");
        using var folder = new TestFolder();
        LedgerDirectory.Create(folder.Data, new LedgerSettings());

        using var child = ChildProcess.Start(
            folder.Data, 5, "/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO");
        var error = child.StandardError.ReadToEndAsync();
        var output = await child.StandardOutput.ReadToEndAsync(Cancel);
        await child.WaitForExitAsync(Cancel);

        Assert.NotEqual(0, child.ExitCode);
        Assert.Equal("", output);
        Assert.Contains("fsync failed", await error, StringComparison.Ordinal);
    }

    /// <summary>Whole lines only: a killed child may have been cut inside its last one.</summary>
    private static List<(string Stream, long Seq, long Index)> Acknowledged(string output) =>
        [.. output.Split('\n').Select(line => line.Split(' ')).Where(parts => parts is [{ Length: 32 }, _, _])
            .SkipLast(output.EndsWith('\n') ? 0 : 1).Select(parts => (parts[0], long.Parse(parts[1]), long.Parse(parts[2])))];

    private static async Task AllPresentAsync(TestFolder folder, List<(string Stream, long Seq, long Index)> acknowledged)
    {
        var directory = LedgerDirectory.Open(folder.Data);
        await using (var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), Cancel))
        {
            await ledger.WaitForCheckpointAsync(ledger.Count() - 1, TimeSpan.FromSeconds(30), Cancel);
            var present = new Dictionary<long, (string, long)>();
            await foreach (var entry in ledger.ReadAsync(0, long.MaxValue, Cancel))
            {
                present.Add(entry.Index, (entry.Statement.Payload.Stream.ToString(), entry.Statement.Payload.Seq));
            }

            Assert.All(acknowledged, one => Assert.Equal((one.Stream, one.Seq), present[one.Index]));
        }

        Assert.Empty((await Fsck.RunAsync(directory, cancellationToken: Cancel)).Problems);
    }

    private sealed class TestFolder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("cairn-ledger-").FullName;

        public string Data => Path.Combine(_path, "data");

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
