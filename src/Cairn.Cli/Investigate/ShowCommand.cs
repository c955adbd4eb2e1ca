using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn show TRACE</c>: one trail as four answers, a tree and a timeline.</summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var trace = new Argument<string>("trace") { Description = "A trace id, or the start of one" };
        var command = new Command("show", "Show a trail: who, context, tools, what changed") { trace, data, output };
        command.SetAction((parsed, cancel) => RunAsync(
            DataOption.Resolve(parsed.GetValue(data)), parsed.GetRequiredValue(trace), parsed.IsJson(output), Screen.Create(), cancel));
        return command;
    }

    public static async Task<int> RunAsync(string data, string trace, bool json, Screen screen, CancellationToken cancel)
    {
        await using var open = await OpenLedger.ReadAsync(data, sequence: false, cancel);
        var trail = await open.Trails.ReadAsync(open.Resolve(trace), cancel);
        if (json)
        {
            await using var stdout = Console.OpenStandardOutput();
            TrailJson.Write(stdout, trail);
        }
        else
        {
            TrailScreen.Print(screen, trail);
        }

        return ExitCode.Done;
    }
}
