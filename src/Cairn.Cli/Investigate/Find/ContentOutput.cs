using System.Text;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Ledger;
using Cairn.Trails.Index;
using Spectre.Console;

namespace Cairn.Cli.Investigate.Find;

/// <summary>Tells whether a document passed through an agent, and exactly what was tried to find out.</summary>
internal static class ContentOutput
{
    private const int Page = 5_000;
    private const long Largest = 1L << 30;

    public static async Task<int> WriteAsync(FindRequest request, OpenLedger open, TrailIndex index, RecordQuery query, Screen screen, CancellationToken cancel)
    {
        var form = request.FormOfOutput();
        if (request.Content is not null && request.Text is not null)
        {
            throw new CliException("give --content FILE or --string TEXT, not both");
        }

        if (form is not ("table" or "json"))
        {
            throw new CliException($"what is found by content is told as table or json, not as {form}");
        }

        using var vault = TrailVault.Open(open.Directory.VaultPath);
        var content = request.Text is { } text ? Encoding.UTF8.GetBytes(text) : await ReadAsync(request.Content!, cancel);
        var answer = await new ContentSearch(index, vault).FindAsync(content, query with { Limit = Page }, cancel);
        if (form == "json")
        {
            WriteJson(answer, content.Length, index.Records);
        }
        else
        {
            Print(screen, answer, content.Length, index.Records);
        }

        return ExitCode.Done;
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken cancel)
    {
        var file = new FileInfo(path);
        return !file.Exists ? throw new CliException($"there is no file at {file.FullName}")
            : file.Length > Largest ? throw new CliException($"{file.FullName} has {Disk.Size(file.Length)}; a record's content has at most {Disk.Size(Largest)}")
            : await File.ReadAllBytesAsync(path, cancel);
    }

    private static void Print(Screen screen, ContentAnswer answer, int length, long records)
    {
        if (answer.Matches.Count > 0)
        {
            var table = new Table().Border(TableBorder.Simple);
            table.AddColumns("time (UTC)", "trail", "kind", "agent", "on", "as", "form", "record");
            foreach (var match in answer.Matches)
            {
                var (record, facts) = (match.Entry.Record, RecordFacts.Of(match.Entry));
                table.AddRow(
                    new Text($"{record.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}"), new Text(record.Trace.ToString()[..8]), new Text(record.Kind), new Text(record.Actor.Id.Path.Split('/')[^1]),
                    new Text(Screen.Plain(facts.Tool ?? facts.Resource ?? "")), new Text(match.Member), new Text(match.Form), new Text(record.Id.ToString()));
            }

            screen.Console.Write(table);
        }

        screen.Say(answer.Matches.Count > 0
            ? $"yes: this content of {length:N0} bytes, at {Count(answer.Matches.Count, "place", "places")} in {Count(answer.Matches.DistinctBy(match => match.Entry.Record.Id).Count(), "record", "records")} of {Count(answer.Matches.DistinctBy(match => match.Entry.Record.Trace).Count(), "trail", "trails")}"
            : $"no record that could be tested commits to this content of {length:N0} bytes");
        screen.Say($"tested: {string.Join(", ", answer.Forms)}; {Count(answer.Tested, "commitment", "commitments")} to a content of the same length recomputed, and its SHA-256 looked for, over {records:N0} records");
        if (answer.Untested > 0)
        {
            screen.Say($"not tested: {Count(answer.Untested, "commitment", "commitments")} to a content of that length in {Count(answer.KeylessTrails, "trail", "trails")} whose key is gone (shredded) or was never on this machine");
        }

        screen.Say("not found this way: the document inside a larger content (an answer that quotes it, a tool's result around it), or changed by a byte");
    }

    private static string Count(long count, string one, string many) => $"{count:N0} {(count == 1 ? one : many)}";

    private static void WriteJson(ContentAnswer answer, int length, long records) => JsonOutput.Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("bytes", length);
        json.WriteStartArray("matches");
        foreach (var match in answer.Matches)
        {
            json.WriteStartObject();
            json.WriteString("member", match.Member);
            json.WriteString("form", match.Form);
            json.WritePropertyName("found");
            FoundText.Write(json, RecordFacts.Of(match.Entry));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteTexts("forms", answer.Forms);
        json.WriteNumber("tested", answer.Tested);
        json.WriteNumber("untested", answer.Untested);
        json.WriteNumber("keyless_trails", answer.KeylessTrails);
        json.WriteNumber("records", records);
        json.WriteBoolean("inside_larger_contents", false);
        json.WriteEndObject();
    });
}
