using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Trails.Index;

namespace Cairn.Cli.Investigate.Find;

/// <summary>Writes what a query finds: a page of it, or all of it into a file.</summary>
internal static class FindOutput
{
    private const int Page = 50;
    private const int FilePage = 5_000;

    public static async Task<int> WriteAsync(FindRequest request, TrailIndex index, RecordQuery query, Screen screen, CancellationToken cancel)
    {
        var form = request.FormOfOutput();
        if (request.Limit is < 1)
        {
            throw new CliException($"--limit {request.Limit}: expected a number from 1 on");
        }

        try
        {
            query = query with { After = request.After is null ? null : RecordCursor.Parse(request.After) };
        }
        catch (EvidenceFormatException problem)
        {
            throw new CliException($"--after: {problem.Message}");
        }

        if (form is "table" or "json")
        {
            var page = await index.FindAsync(query with { Limit = request.Limit ?? Page }, cancel);
            var found = page.Records.Select(RecordFacts.Of).ToList();
            if (form == "table")
            {
                Print(screen, found, page.Next);
            }
            else
            {
                await ToAsync(request.File, output => Task.FromResult(WriteJson(output, found, page.Next)));
            }

            return ExitCode.Done;
        }

        var written = await ToAsync(request.File, output => form switch
        {
            "parquet" => FoundParquet.WriteAsync(output, AllAsync(index, query, request.Limit, cancel), cancel),
            "csv" => WriteLinesAsync(output, FoundText.CsvHeader, AllAsync(index, query, request.Limit, cancel), FoundText.Csv),
            _ => WriteLinesAsync(output, "", AllAsync(index, query, request.Limit, cancel), facts => FoundText.Json(facts) + "\n"),
        });
        if (request.File is not null)
        {
            Console.Error.WriteLine($"{Path.GetFullPath(request.File)}: {written:N0} records");
        }

        return ExitCode.Done;
    }

    /// <summary>Writes to a file, which appears whole or not at all; without a name to standard output.</summary>
    public static async Task<long> ToAsync(string? file, Func<Stream, Task<long>> write)
    {
        if (file is null)
        {
            await using var stdout = Console.OpenStandardOutput();
            return await write(stdout);
        }

        var temporary = $"{Path.GetFullPath(file)}.{Environment.ProcessId}.part";
        try
        {
            long written;
            await using (var output = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                written = await write(output);
            }

            File.Move(temporary, file, overwrite: true);
            return written;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async IAsyncEnumerable<RecordFacts> AllAsync(TrailIndex index, RecordQuery query, int? limit, [EnumeratorCancellation] CancellationToken cancel)
    {
        var left = limit ?? long.MaxValue;
        await foreach (var record in index.FindAllAsync(query with { Limit = (int)Math.Min(FilePage, left) }, cancel))
        {
            yield return RecordFacts.Of(record);
            if (--left == 0)
            {
                yield break;
            }
        }
    }

    private static async Task<long> WriteLinesAsync(Stream output, string header, IAsyncEnumerable<RecordFacts> found, Func<RecordFacts, string> line)
    {
        await using var text = new StreamWriter(output, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
        await text.WriteAsync(header);
        var written = 0L;
        await foreach (var facts in found)
        {
            await text.WriteAsync(line(facts));
            written++;
        }

        return written;
    }

    private static long WriteJson(Stream output, List<RecordFacts> found, RecordCursor? next)
    {
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("records");
            foreach (var facts in found)
            {
                FoundText.Write(json, facts);
            }

            json.WriteEndArray();
            json.WriteString("next", next?.ToString());
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
        return found.Count;
    }

    private static void Print(Screen screen, List<RecordFacts> found, RecordCursor? next)
    {
        if (found.Count == 0)
        {
            Console.Error.WriteLine("no record meets these conditions");
            return;
        }

        FoundTable.Print(screen, found);
        Console.Error.WriteLine(next is { } cursor ? $"{found.Count} records, and there are more. Next page: --after {cursor}" : $"{found.Count} records");
    }
}
