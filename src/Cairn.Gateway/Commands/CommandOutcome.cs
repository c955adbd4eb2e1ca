using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Changes;
using Cairn.Gateway.Processes;

namespace Cairn.Gateway.Commands;

/// <summary>Says how a command came out.</summary>
internal static class CommandOutcome
{
    /// <param name="exitCode">Its exit code; 128 plus the signal's number where a signal ended it.</param>
    /// <param name="wasTold">Whether it was told to end: a signal of the same kind is then no failure of its own.</param>
    /// <param name="output">What it wrote to stdout; null: not seen.</param>
    /// <param name="errorOutput">What it wrote to stderr; null: not seen.</param>
    /// <param name="changes">What changed in the folder; null: not looked at.</param>
    public static ActionResult Of(int exitCode, bool wasTold, OutputPassage? output, OutputPassage? errorOutput, FolderChanges? changes)
    {
        var signal = UnixSignal.NameOf(exitCode);
        var attributes = new Dictionary<string, object>(StringComparer.Ordinal) { ["process.exit.code"] = exitCode };
        if (signal is not null)
        {
            attributes["cairn.exec.signal"] = signal;
        }

        Note(attributes, "cairn.exec.output_cut", output, errorOutput, passage => passage.WasCut);
        Note(attributes, "cairn.exec.output_left_open", output, errorOutput, passage => passage.WasLeftOpen);
        if (output is null || errorOutput is null)
        {
            attributes["cairn.exec.terminal"] = (output, errorOutput) switch
            {
                (null, null) => ["output", "error_output"],
                (null, _) => ["output"],
                _ => new[] { "error_output" },
            };
        }

        return new ActionResult(exitCode == 0 ? ActionStatus.Ok : signal is not null && wasTold ? ActionStatus.Cancelled : ActionStatus.ToolError)
        {
            ErrorCode = exitCode == 0 ? null : signal ?? $"exit_{exitCode}",
            ErrorMessage = exitCode == 0 ? null : signal is null ? $"the command ended with exit code {exitCode}" : $"the command was ended by {signal}",
            Attributes = attributes,
            Streams = [.. new[] { output, errorOutput }.OfType<OutputPassage>().Select(passage => passage.Finish())],
            More = changes is null ? null : changes.WriteTo,
        };
    }

    private static void Note(Dictionary<string, object> attributes, string name, OutputPassage? output, OutputPassage? errorOutput, Func<OutputPassage, bool> holds)
    {
        string[] members = [.. new[] { ("output", output), ("error_output", errorOutput) }.Where(one => one.Item2 is { } passage && holds(passage)).Select(one => one.Item1)];
        if (members.Length > 0)
        {
            attributes[name] = members;
        }
    }
}
