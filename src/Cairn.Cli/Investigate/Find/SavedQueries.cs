using System.Text.Json;
using Cairn.Cli.Terminal;
using Cairn.Ledger;

namespace Cairn.Cli.Investigate.Find;

/// <summary>What is looked for, as typed: times that count from now are counted anew at each use.</summary>
/// <param name="Since">From when on.</param>
/// <param name="Until">Up to when.</param>
/// <param name="Conditions">Values by the option's name.</param>
internal sealed record QueryText(string? Since, string? Until, IReadOnlyDictionary<string, string[]> Conditions)
{
    /// <summary>These conditions and another's; where both say a time, this one's.</summary>
    public QueryText And(QueryText other)
    {
        var all = other.Conditions.ToDictionary(StringComparer.Ordinal);
        foreach (var (name, values) in Conditions)
        {
            all[name] = all.TryGetValue(name, out var others) ? [.. others.Union(values)] : values;
        }

        return new QueryText(Since ?? other.Since, Until ?? other.Until, all);
    }

    public override string ToString() => string.Join(' ', new[] { ("since", Since), ("until", Until) }
        .Where(time => time.Item2 is not null).Select(time => $"--{time.Item1} {time.Item2}")
        .Concat(Conditions.SelectMany(condition => condition.Value.Select(value => $"--{condition.Key} {(value.Contains(' ', StringComparison.Ordinal) ? $"'{value}'" : value)}"))));
}

/// <summary>Queries by name, in queries.json of the data directory: the index may be deleted, they stay.</summary>
internal sealed class SavedQueries
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private readonly string _path;

    public SavedQueries(LedgerDirectory directory) => _path = Path.Combine(directory.Root, "queries.json");

    /// <exception cref="CliException">The file can't be read.</exception>
    public SortedDictionary<string, QueryText> All()
    {
        try
        {
            return File.Exists(_path)
                ? new(JsonSerializer.Deserialize<Dictionary<string, QueryText>>(File.ReadAllBytes(_path)) ?? [], StringComparer.Ordinal)
                : new(StringComparer.Ordinal);
        }
        catch (JsonException problem)
        {
            throw new CliException($"{_path} holds no saved queries: {problem.Message}", $"mend or remove {_path}");
        }
    }

    /// <exception cref="CliException">There is none of that name.</exception>
    public QueryText Get(string name)
    {
        var all = All();
        return all.TryGetValue(name, out var query) ? query
            : throw new CliException($"there is no saved query \"{name}\"{(all.Count == 0 ? "" : $": there are {string.Join(", ", all.Keys)}")}", "cairn find --save NAME, with the conditions");
    }

    public void Put(string name, QueryText query)
    {
        if (name.Length is 0 or > 64 || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.')))
        {
            throw new CliException($"\"{name}\" can't be a query's name: letters, digits, - _ and . are allowed, 64 at most");
        }

        var all = All();
        all[name] = query;
        Write(all);
    }

    public void Delete(string name)
    {
        _ = Get(name);
        var all = All();
        all.Remove(name);
        Write(all);
    }

    // Whole or not at all: a reader sees the old file or the new one.
    private void Write(SortedDictionary<string, QueryText> all)
    {
        var temporary = $"{_path}.{Environment.ProcessId}";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(all, Indented));
        File.Move(temporary, _path, overwrite: true);
    }
}
