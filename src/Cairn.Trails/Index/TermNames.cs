using System.Text;

namespace Cairn.Trails.Index;

/// <summary>Turns the values of conditions into the numbers that the index knows them by.</summary>
internal sealed class TermNames(IndexDatabase database)
{
    /// <summary>How many values one condition may stand for.</summary>
    public const int Most = 10_000;

    /// <summary>For each condition the numbers of the values that it stands for; none where no record has one.</summary>
    /// <exception cref="RecordQueryException">A value stands for too many, or a field's values are not kept.</exception>
    public IReadOnlyList<IReadOnlyList<long>> Conditions(IEnumerable<RecordFilter> filters) => [.. filters.Select(Numbers)];

    /// <summary>The values that are kept of a field and match a text with <c>*</c>, ordered.</summary>
    public IReadOnlyList<string> Matching(RecordField field, string pattern)
    {
        var start = pattern.IndexOf('*', StringComparison.Ordinal);
        var (prefix, glob) = (pattern[..start], pattern.Replace("[", "[[]", StringComparison.Ordinal).Replace("?", "[?]", StringComparison.Ordinal));
        using var rows = database.Query(
            "SELECT text FROM name WHERE field = $1 AND text >= $2 AND text < $3 AND text GLOB $4 ORDER BY text LIMIT $5",
            (long)field, prefix, prefix + char.ConvertFromUtf32(0x10FFFF), glob, Most + 1);
        var found = new List<string>();
        while (rows.Read())
        {
            found.Add(rows.GetString(0));
        }

        return found.Count <= Most ? found : throw new RecordQueryException($"\"{pattern}\" stands for more than {Most:N0} values; give more of it");
    }

    /// <summary>
    /// Whether the values of a field themselves are kept, so that a part of one finds it: of those of which there are few,
    /// or of which people know but a part.
    /// </summary>
    public static bool IsKept(RecordField field) => field is not (RecordField.Trace or RecordField.Credential or RecordField.ParentCredential
        or RecordField.Attribute or RecordField.Digest or RecordField.ContentBytes or RecordField.Key);

    private static bool IsWorkload(RecordField field) => field is RecordField.Agent or RecordField.Emitter or RecordField.Party;

    private List<long> Numbers(RecordFilter filter)
    {
        var numbers = new List<long>();
        foreach (var value in filter.Values)
        {
            if (IsKept(filter.Field) && value.Contains('*', StringComparison.Ordinal))
            {
                numbers.AddRange(Matching(filter.Field, value).Select(name => database.Term.Of(filter.Field, name)));
            }
            else if (IsWorkload(filter.Field) && !value.Contains("://", StringComparison.Ordinal))
            {
                numbers.AddRange(Matching(filter.Field, $"*/{value.TrimStart('/')}").Select(name => database.Term.Of(filter.Field, name)));
            }
            else
            {
                numbers.Add(database.Term.Of(filter.Field, Encoding.UTF8.GetBytes(value)));
            }
        }

        return numbers;
    }
}
