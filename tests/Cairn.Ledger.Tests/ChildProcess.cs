using System.Diagnostics;

namespace Cairn.Ledger.Tests;

/// <summary>
/// The test executable started again as a process of its own: it opens or creates the ledger in a directory, submits
/// concurrently, and prints one line "STREAM SEQ INDEX" for each acknowledgement.
/// </summary>
internal static class ChildProcess
{
    private const string Variable = "CAIRN_TEST_LEDGER";

    /// <summary>Starts a child that submits <paramref name="count"/> statements over as many concurrent streams; -1 for without end.</summary>
    public static Process Start(string directory, int count, params string[] prefix)
    {
        string[] command = [.. prefix, Environment.ProcessPath!];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = $"{count} {directory}";
        return Process.Start(start)!;
    }

    /// <summary>The executable's entry point. Not a module initializer: until that has returned, other threads can't run the module's code.</summary>
    public static async Task<int> Main(string[] args)
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ', 2) is not [var count, var directory])
        {
            return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
        }

        await SubmitAsync(LedgerDirectory.OpenOrCreate(directory), int.Parse(count));
        return 0;
    }

    private static async Task SubmitAsync(LedgerDirectory directory, int count)
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(directory, new EmbeddedLedgerOptions(), default);
        var id = Evidence.SpiffeId.Parse($"spiffe://{directory.TrustDomain}/gateway/test");
        await Task.WhenAll(Enumerable.Range(0, count < 0 ? 8 : count).Select(async _ =>
        {
            using var emitter = new TestEmitter(directory, id);
            do
            {
                foreach (var one in await ledger.SubmitAsync([emitter.Next()], default))
                {
                    Console.WriteLine($"{one.Stream} {one.Seq} {one.Index}");
                }
            }
            while (count < 0);
        }));
    }
}
