using System.CommandLine;
using Cairn.Cli.Erase;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Trails;
using Cairn.Trails.Bundles;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn export TRACE -o FILE</c>: the evidence bundle of a trail.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var trace = new Argument<string>("trace") { Description = "A trace id, or the start of one" };
        var file = new Option<string>("--out", "-o") { Description = "The bundle's file", HelpName = "FILE", Required = true };
        var content = new Option<bool>("--content") { Description = "Disclose the content that was kept, each item with its own key" };
        var decisions = DecisionsOption();
        var policies = DecisionMaterial.PoliciesOption();
        var bare = new Option<bool>("--no-pages") { Description = "Leave out report.html and verify.html: the evidence alone, and the trail is not held in memory" };
        var command = new Command("export", "Write a trail's evidence bundle: everything needed to verify it offline") { trace, file, content, decisions, policies, bare, data };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = DataOption.Resolve(parsed.GetValue(data));
            using var material = DecisionMaterial.Of(parsed.GetValue(decisions), parsed.GetValue(policies) ?? [], folder);
            return await RunAsync(folder, parsed.GetRequiredValue(trace), parsed.GetRequiredValue(file), parsed.GetValue(content), cancel, pages: !parsed.GetValue(bare), material);
        });
        return command;
    }

    /// <summary>Whether a bundle lets others recompute the trail's policy decisions.</summary>
    public static Option<bool> DecisionsOption() => new("--decisions") { Description = "Let others recompute the policy decisions: disclose their inputs, and put in the policy bundles and the engine" };

    public static async Task<int> RunAsync(string data, string trace, string file, bool content, CancellationToken cancel, bool pages = true, DecisionMaterial? decisions = null)
    {
        await using var open = await OpenLedger.ReadAsync(data, sequence: true, cancel);
        var written = await BundleWriter.WriteAsync(open.Ledger, open.Directory, open.Resolve(trace), file, new BundleOptions { Content = content, Decisions = decisions, Pages = pages }, cancel);
        await ErasureWords.SayAsync(open, written.Trace, cancel);
        Console.Error.WriteLine(
            $"{written.Path}: {Disk.Size(written.Bytes)}, {written.Records} records in {written.Statements} statements{(content || decisions is not null ? $", {written.Contents} disclosed contents" : "")}, under the checkpoint of size {written.CheckpointSize}");
        Console.Error.WriteLine($"cairn: {open.Ledger.Standing(written.Checkpoint)}");
        return ExitCode.Done;
    }
}
