using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Erase;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Trails;
using Cairn.Trails.Erasure;
using Cairn.Trails.Explaining;
using Spectre.Console;

namespace Cairn.Cli.Investigate;

/// <summary><c>cairn explain TRACE</c>: the four questions answered in plain words, each sentence with the records that it rests on.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var data = DataOption.Create();
        var output = OutputOption.Create();
        var trace = new Argument<string>("trace") { Description = "A trace id, or the start of one" };
        var command = new Command("explain", "Explain a trail in plain words: who, context, tools and authority, what changed, and what can't be told") { trace, data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var open = await OpenLedger.ReadAsync(DataOption.Resolve(parsed.GetValue(data)), sequence: false, cancel);
            var trail = await open.Trails.ReadAsync(open.Resolve(parsed.GetRequiredValue(trace)), cancel);
            var shredding = await ErasureWords.ShreddingAsync(open, trail.Trace, cancel);
            if (parsed.IsJson(output))
            {
                await using var stdout = Console.OpenStandardOutput();
                WriteJson(stdout, trail, shredding);
            }
            else
            {
                Print(Screen.Create(), trail, shredding);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Screen screen, Trail trail, Shredding? shredding)
    {
        var legend = new Dictionary<RecordId, int>();
        var console = screen.Console;
        console.MarkupLineInterpolated($"[bold]Trail {trail.Trace}[/]");
        if (shredding is not null)
        {
            screen.Say(ErasureWords.Tell(shredding));
        }

        foreach (var answer in Explanation.Of(trail))
        {
            console.WriteLine();
            console.MarkupLineInterpolated($"[bold]{answer.Question}[/]");
            foreach (var sentence in answer.Sentences)
            {
                var cited = string.Concat(sentence.Records.Select(record => $" [{NumberOf(legend, record)}]"));
                var text = new Text($"{(sentence.IsKnown ? "" : "? ")}{sentence.Text}{cited}", sentence.IsKnown ? Style.Plain : new Style(Color.Yellow));
                console.Write(new Padder(text, new Padding(2, 0, 0, 0)));
            }
        }

        console.WriteLine();
        console.MarkupLine("[bold]Records cited[/]");
        foreach (var (record, number) in legend.OrderBy(pair => pair.Value))
        {
            var entry = trail.Find.Record(record);
            screen.Say($"  [{number}] {record}  {entry?.Record.Kind} recorded by {entry?.Issuer}");
        }
    }

    private static int NumberOf(Dictionary<RecordId, int> legend, RecordId record)
    {
        if (!legend.TryGetValue(record, out var number))
        {
            legend[record] = number = legend.Count + 1;
        }

        return number;
    }

    private static void WriteJson(Stream output, Trail trail, Shredding? shredding)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("trace", trail.Trace.ToString());
        ErasureWords.Write(json, shredding);
        json.WriteStartArray("answers");
        foreach (var answer in Explanation.Of(trail))
        {
            json.WriteStartObject();
            json.WriteString("question", answer.Question);
            json.WriteStartArray("sentences");
            foreach (var sentence in answer.Sentences)
            {
                json.WriteStartObject();
                json.WriteString("text", sentence.Text);
                json.WriteBoolean("known", sentence.IsKnown);
                json.WriteStartArray("records");
                foreach (var record in sentence.Records)
                {
                    json.WriteStringValue(record.ToString());
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }
}
