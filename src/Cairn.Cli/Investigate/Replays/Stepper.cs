using Cairn.Trails;
using Cairn.Trails.Replay;

namespace Cairn.Cli.Investigate.Replays;

/// <summary>Steps through a trail by keys. It holds where one stands; whoever shows it reads the keys.</summary>
/// <param name="trail">The trail.</param>
/// <param name="step">Where to begin.</param>
internal sealed class Stepper(Trail trail, int step)
{
    private string _typed = "";
    private string _sought = "";
    private Entry _entry;

    private enum Entry
    {
        None,
        Step,
        Search,
    }

    /// <summary>Where one stands, from 1.</summary>
    public int Step { get; private set; } = step;

    /// <summary>Whether q was pressed.</summary>
    public bool HasQuit { get; private set; }

    /// <summary>What the last line of the screen says.</summary>
    public string Prompt { get; private set; } = Help;

    private const string Help = "→ n next  ← p back  g go to step  f first  l last  / search  N again  q quit";

    /// <summary>Takes a key.</summary>
    public void Press(ConsoleKeyInfo key)
    {
        if (_entry != Entry.None)
        {
            Type(key);
            return;
        }

        Prompt = Help;
        switch (key.Key, key.KeyChar)
        {
            case (ConsoleKey.RightArrow or ConsoleKey.DownArrow or ConsoleKey.Spacebar or ConsoleKey.Enter, _) or (_, 'n' or 'j'):
                Go(Step + 1);
                break;
            case (ConsoleKey.LeftArrow or ConsoleKey.UpArrow or ConsoleKey.Backspace, _) or (_, 'p' or 'k'):
                Go(Step - 1);
                break;
            case (ConsoleKey.PageDown, _):
                Go(Step + 10);
                break;
            case (ConsoleKey.PageUp, _):
                Go(Step - 10);
                break;
            case (ConsoleKey.Home, _) or (_, 'f'):
                Go(1);
                break;
            case (ConsoleKey.End, _) or (_, 'l'):
                Go(trail.Records.Count);
                break;
            case (_, 'g'):
                Ask(Entry.Step, "go to step: ");
                break;
            case (_, '/'):
                Ask(Entry.Search, "/");
                break;
            case (_, 'N'):
                Search();
                break;
            case (ConsoleKey.Escape, _) or (_, 'q'):
                HasQuit = true;
                break;
            default:
                break;
        }
    }

    private void Ask(Entry entry, string prompt) => (_entry, _typed, Prompt) = (entry, "", prompt);

    private void Type(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Escape:
                (_entry, Prompt) = (Entry.None, Help);
                return;
            case ConsoleKey.Enter:
                var entry = _entry;
                (_entry, Prompt) = (Entry.None, Help);
                if (entry == Entry.Search)
                {
                    _sought = _typed;
                    Search();
                }
                else if (int.TryParse(_typed, out var asked))
                {
                    Go(asked);
                }
                else
                {
                    Prompt = $"\"{_typed}\" is no number of a step: 1 to {trail.Records.Count}";
                }

                return;
            case ConsoleKey.Backspace:
                _typed = _typed.Length == 0 ? "" : _typed[..^1];
                break;
            default:
                _typed += char.IsControl(key.KeyChar) ? "" : key.KeyChar;
                break;
        }

        Prompt = (_entry == Entry.Search ? "/" : "go to step: ") + _typed;
    }

    private void Go(int step)
    {
        Step = Math.Clamp(step, 1, trail.Records.Count);
        if (step != Step)
        {
            Prompt = step < 1 ? "this is the first step" : "this is the last step";
        }
    }

    // The next step, round the end, whose words or record hold the text.
    private void Search()
    {
        for (var away = 1; _sought.Length > 0 && away <= trail.Records.Count; away++)
        {
            var place = (Step - 1 + away) % trail.Records.Count;
            var entry = trail.Records[place];
            if (StateText.What(entry, trail).Contains(_sought, StringComparison.OrdinalIgnoreCase)
                || System.Text.Encoding.UTF8.GetString(entry.Record.Bytes.Span).Contains(_sought, StringComparison.OrdinalIgnoreCase))
            {
                Step = place + 1;
                Prompt = $"found \"{_sought}\"; N again";
                return;
            }
        }

        Prompt = _sought.Length == 0 ? "nothing was searched for: press /" : $"no step has \"{_sought}\"";
    }
}
