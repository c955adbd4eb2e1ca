using Cairn.Evidence;

namespace Cairn.Cli.Demo;

/// <summary>
/// The second agent. It has no Cairn code of its own: all that is known of it comes from <c>cairn mcp</c> in front of its
/// servers, which is how most agents will be recorded.
/// </summary>
internal static class WriterAgent
{
    public static async Task RunAsync(DemoScene scene, TraceParent caller, CancellationToken cancel)
    {
        await using var everything = await scene.EverythingAsync(DemoScene.Writer, caller, cancel);
        await using var files = await scene.FilesAsync(DemoScene.Writer, caller, cancel);
        await files.ListToolsAsync(cancellationToken: cancel);
        await everything.ListToolsAsync(cancellationToken: cancel);

        Console.Error.WriteLine("  writer: three sums at once");
        double[][] pairs = [[96.50, 0], [310.25, -301.25], [96.50, 9.00]];
        var sums = await Task.WhenAll(pairs.Select(pair => everything.CallToolAsync(
            "get-sum",
            new Dictionary<string, object?> { ["a"] = pair[0], ["b"] = pair[1] },
            cancellationToken: cancel).AsTask()));

        Console.Error.WriteLine("  writer: writes summary.md, then corrects it");
        var summary = Path.Combine(scene.Workspace, DemoFiles.Summary);
        await files.CallToolAsync(
            "write_file",
            new Dictionary<string, object?>
            {
                ["path"] = summary,
                ["content"] = "# October\n\n- 2026-1042 Orchard Clinic: 96.50 EUR unpaid\n- 2026-1044 Halden Shipping: 8.00 EUR short\n",
            },
            cancellationToken: cancel);
        await files.CallToolAsync(
            "edit_file",
            new Dictionary<string, object?>
            {
                ["path"] = summary,
                ["edits"] = new[] { new { oldText = "8.00 EUR short", newText = "9.00 EUR short" } },
            },
            cancellationToken: cancel);

        Console.Error.WriteLine("  writer: tries to read outside its folder");
        var refused = await files.CallToolAsync(
            "read_text_file",
            new Dictionary<string, object?> { ["path"] = Path.Combine(scene.Workspace, "../payroll.csv") },
            cancellationToken: cancel);
        Console.Error.WriteLine($"    the server says: {Shorten(DemoScene.TextOf(refused))} (isError {refused.IsError})");
        Console.Error.WriteLine($"    {sums.Length} sums, the last: {Shorten(DemoScene.TextOf(sums[^1]))}");
    }

    private static string Shorten(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length > 60 ? line[..60] + "…" : line;
    }
}
