using System.Text;
using Cairn.Cli.Erase;
using Cairn.Cli.Policies;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Ledger;
using Cairn.Trails.Erasure;
using Cairn.Trails.Index;
using Spectre.Console;

namespace Cairn.Cli.Investigate.Find;

/// <summary>Tells whether a document passed through an agent, and exactly what was tried to find out.</summary>
internal static class ContentOutput
{
    private const int Page = 5_000;
    private const long Largest = 1L << 30;
    private const int MostTold = 20;

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
        var log = answer.Matches.Count + answer.Keyless.Count > 0 ? await ErasureLog.ReadAsync(open.Ledger, open.Directory.TrustPolicy(), cancel) : null;
        var fates = log is null ? [] : Fates(answer, log, trace => TrailVault.IsShredded(open.Directory.VaultPath, trace));
        if (form == "json")
        {
            WriteJson(answer, fates, content.Length, index.Records);
        }
        else
        {
            Print(screen, answer, fates, content.Length, index.Records);
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

    /// <summary>The trails of an answer with something to say of their content: erased, of no key here, or under a legal hold.</summary>
    private static List<Fate> Fates(ContentAnswer answer, ErasureLog log, Func<TraceId, bool> isShredded) =>
    [
        .. answer.Keyless.Concat(answer.Matches.Select(match => match.Entry.Record.Trace)).Distinct()
            .Select(trace => new Fate(trace, answer.Keyless.Contains(trace), isShredded(trace), log.ShreddingOf(trace), log.HoldsOn(trace)))
            .Where(fate => fate.IsKeyless || fate.Holds.Count > 0),
    ];

    private static void Print(Screen screen, ContentAnswer answer, List<Fate> fates, int length, long records)
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
            screen.Say($"not tested: {Count(answer.Untested, "commitment", "commitments")} to a content of that length in {Count(answer.Keyless.Count, "trail", "trails")} whose key is gone or was never on this machine");
        }

        foreach (var fate in fates.Take(MostTold))
        {
            var state = !fate.IsKeyless ? "" : fate switch
            {
                { IsShredded: true, Shredding: { } shredding } => ErasureWords.Tell(shredding),
                { IsShredded: true } => "its key was destroyed, and no record of an operator tells of it",
                _ => "its key was never on this machine",
            };
            screen.Say($"  trail {fate.Trace}: {string.Join("; ", fate.Holds.Select(hold => $"under a legal hold: {ErasureWords.Tell(hold)}").Prepend(state).Where(text => text.Length > 0))}");
        }

        if (fates.Count > MostTold)
        {
            screen.Say($"  and {fates.Count - MostTold:N0} more trails: --format json lists all");
        }

        screen.Say("not found this way: the document inside a larger content (an answer that quotes it, a tool's result around it), or changed by a byte");
    }

    private static string Count(long count, string one, string many) => $"{count:N0} {(count == 1 ? one : many)}";

    private static void WriteJson(ContentAnswer answer, List<Fate> fates, int length, long records) => JsonOutput.Write(json =>
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
        json.WriteNumber("keyless_trails", answer.Keyless.Count);
        json.WriteStartArray("trails");
        foreach (var fate in fates)
        {
            json.WriteStartObject();
            json.WriteString("trace", fate.Trace.ToString());
            json.WriteBoolean("has_key", !fate.IsKeyless);
            ErasureWords.Write(json, fate.IsShredded ? fate.Shredding : null);
            json.WriteStartArray("holds");
            foreach (var hold in fate.Holds)
            {
                json.WriteStartObject();
                json.WriteString("hold", hold.Id);
                json.WriteString("by", hold.By);
                json.WriteString("reason", hold.Reason);
                json.WriteString("since", hold.Since);
                json.WriteString("record", hold.Record.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("records", records);
        json.WriteBoolean("inside_larger_contents", false);
        json.WriteEndObject();
    });

    private readonly record struct Fate(TraceId Trace, bool IsKeyless, bool IsShredded, Shredding? Shredding, IReadOnlyList<LegalHold> Holds);
}
