using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Investigate.Find;

/// <summary><c>cairn find</c>: records by any conditions, over the whole ledger; and whether a content passed through an agent.</summary>
internal static class FindCommand
{
    public static Command Create()
    {
        var (data, conditions) = (DataOption.Create(), new FindConditions());
        var saved = new Argument<string?>("saved") { Description = "A saved query: @NAME. Conditions beside it are added to its own", Arity = ArgumentArity.ZeroOrOne };
        var content = new Option<string?>("--content") { Description = "Records that commit to this file's content", HelpName = "FILE" };
        var text = new Option<string?>("--string") { Description = "Records that commit to this text", HelpName = "TEXT" };
        var format = new Option<string?>("--format") { Description = "table, json, jsonl, csv or parquet; by the name of --out, else table", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong("table", "json", "jsonl", "csv", "parquet");
        var file = new Option<string?>("--out", "-o") { Description = "Write to this file", HelpName = "FILE" };
        var limit = new Option<int?>("--limit", "-n") { Description = "At most this many; 50, and of jsonl, csv and parquet all, unless given", HelpName = "N" };
        var after = new Option<string?>("--after") { Description = "Go on after the page that ended with this cursor", HelpName = "CURSOR" };
        var save = new Option<string?>("--save") { Description = "Keep the conditions as a query of that name, and look for nothing", HelpName = "NAME" };
        var list = new Option<bool>("--saved") { Description = "List the saved queries" };
        var delete = new Option<string?>("--delete") { Description = "Delete a saved query", HelpName = "NAME" };
        var command = new Command("find", "Find records by agent, tool, credential, decision, finding, attribute and more; or by a document's content")
        {
            saved, content, text, format, file, limit, after, save, list, delete, data,
        };
        foreach (var option in conditions.Options)
        {
            command.Add(option);
        }

        command.SetAction((parsed, cancel) => RunAsync(
            new FindRequest(DataOption.Resolve(parsed.GetValue(data)), conditions.Read(parsed))
            {
                Saved = parsed.GetValue(saved),
                Content = parsed.GetValue(content),
                Text = parsed.GetValue(text),
                Format = parsed.GetValue(format),
                File = parsed.GetValue(file),
                Limit = parsed.GetValue(limit),
                After = parsed.GetValue(after),
                Save = parsed.GetValue(save),
                List = parsed.GetValue(list),
                Delete = parsed.GetValue(delete),
            },
            Screen.Create(), cancel));
        return command;
    }

    public static async Task<int> RunAsync(FindRequest request, Screen screen, CancellationToken cancel)
    {
        await using var open = await OpenLedger.ReadAsync(request.Data, sequence: false, cancel);
        var queries = new SavedQueries(open.Directory);
        if (request.List)
        {
            foreach (var (name, kept) in queries.All())
            {
                screen.Say($"@{name}  {kept}");
            }

            return ExitCode.Done;
        }

        if (request.Delete is { } gone)
        {
            queries.Delete(gone.TrimStart('@'));
            Console.Error.WriteLine($"@{gone.TrimStart('@')} is deleted");
            return ExitCode.Done;
        }

        var asked = request.Conditions;
        if (request.Saved is { } saved)
        {
            asked = saved.StartsWith('@') ? asked.And(queries.Get(saved[1..]))
                : throw new CliException($"\"{saved}\" is no condition: a saved query is @NAME, a condition an option", "cairn find --help");
        }

        var query = await FindConditions.QueryAsync(asked, open, DateTimeOffset.UtcNow, cancel);
        if (request.Save is { } named)
        {
            queries.Put(named, asked);
            Console.Error.WriteLine($"@{named} is saved: {asked}");
            return ExitCode.Done;
        }

        return await OpenIndex.UseAsync(
            open,
            index => request.Content is null && request.Text is null
                ? FindOutput.WriteAsync(request, index, query, screen, cancel)
                : ContentOutput.WriteAsync(request, open, index, query, screen, cancel),
            cancel);
    }
}

/// <summary>What to find, and how to tell.</summary>
/// <param name="Data">The data directory.</param>
/// <param name="Conditions">The conditions.</param>
internal sealed record FindRequest(string Data, QueryText Conditions)
{
    public string? Saved { get; init; }

    public string? Content { get; init; }

    public string? Text { get; init; }

    public string? Format { get; init; }

    public string? File { get; init; }

    public int? Limit { get; init; }

    public string? After { get; init; }

    public string? Save { get; init; }

    public bool List { get; init; }

    public string? Delete { get; init; }

    /// <summary>The form of output: as told, else by the file's name, else a table.</summary>
    /// <exception cref="CliException">A table can't go into a file, and a Parquet file not onto a terminal.</exception>
    public string FormOfOutput()
    {
        var form = Format ?? Path.GetExtension(File)?.ToLowerInvariant() switch
        {
            ".csv" => "csv",
            ".json" => "json",
            ".jsonl" => "jsonl",
            ".parquet" => "parquet",
            null => "table",
            var other => throw new CliException($"the name {File} tells no format (\"{other}\"): give --format json, jsonl, csv or parquet"),
        };
        return (form, File) switch
        {
            ("table", not null) => throw new CliException("a table is for the terminal: give --format json, jsonl, csv or parquet for a file"),
            ("parquet", null) => throw new CliException("a Parquet file can't be written to a terminal", "-o FILE.parquet"),
            _ => form,
        };
    }
}
