using System.Text;
using Cairn.Trails;
using Cairn.Trails.Replay;

namespace Cairn.Cli.Investigate.Replays;

/// <summary>Steps through a trail in a terminal, on a screen of its own that leaves the user's as it was.</summary>
internal static class StepThrough
{
    private const string Enter = "\u001b[?1049h\u001b[?25l";
    private const string Leave = "\u001b[?25h\u001b[?1049l";
    private const string Clear = "\u001b[H\u001b[2J";

    /// <summary>Whether there is a terminal on both sides that can be stepped in.</summary>
    public static bool IsPossible => !Console.IsInputRedirected && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "" or null);

    public static void Run(Trail trail, int step, CancellationToken cancel)
    {
        var stepper = new Stepper(trail, step);
        Console.Out.Write(Enter);
        try
        {
            while (!stepper.HasQuit && !cancel.IsCancellationRequested)
            {
                Show(ReplayState.Of(trail, stepper.Step), stepper.Prompt);
                stepper.Press(Console.ReadKey(intercept: true));
            }
        }
        finally
        {
            Console.Out.Write(Leave);
            Console.Out.Flush();
        }
    }

    private static void Show(ReplayState state, string prompt)
    {
        var (width, height) = (Math.Max(20, Console.WindowWidth), Math.Max(6, Console.WindowHeight));
        var lines = Enumerable.Range(1, 20).Select(most => StateText.Lines(state, width, most)).TakeWhile((lines, place) => place == 0 || lines.Count <= height - 2).Last();
        var screen = new StringBuilder(Clear);
        foreach (var line in lines.Take(height - 2))
        {
            screen.Append(line).Append("\r\n");
        }

        screen.Append($"\u001b[{height};1H").Append(prompt.Length <= width ? prompt : prompt[..width]);
        Console.Out.Write(screen.ToString());
        Console.Out.Flush();
    }
}
