using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tests.Records;

namespace Cairn.EndToEnd;

/// <summary>Holds what the program wrote against docs/spec/schemas.</summary>
internal static class RecordSchemas
{
    private static readonly StructuralSchema Schemas = new(Path.Combine(CairnProgram.Home, "docs", "spec", "schemas"));

    /// <summary>Every record that breaks its kind's schema, with what is wrong.</summary>
    public static IReadOnlyList<string> Errors(IEnumerable<Record> records) =>
    [
        .. records.SelectMany(record => Schemas.Errors($"{record.Kind}.schema.json", JsonElement.Parse(record.Bytes.Span)).Select(error => $"{record.Kind} {record.Id}{error}")),
    ];
}
