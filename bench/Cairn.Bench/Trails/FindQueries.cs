using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.TrailGenerator;
using Cairn.Trails.Index;

namespace Cairn.Bench.Trails;

/// <summary>What an investigator asks of an index: eight kinds of question, with values of records from all over the ledger.</summary>
internal static class FindQueries
{
    private const int Samples = 60;

    /// <summary>Queries by kind of question; the same ledger and seed give the same ones.</summary>
    public static async Task<IReadOnlyList<(string Kind, RecordQuery Query)>> OfAsync(EmbeddedLedger ledger)
    {
        var random = new Seeded(7);
        var queries = new List<(string, RecordQuery)>();
        for (var i = 0; i < Samples; i++)
        {
            var index = (long)(random.Next() % (ulong)ledger.Count());
            await foreach (var entry in ledger.ReadAsync(index, index + 1, CancellationToken.None))
            {
                var record = Record.Parse(entry.Records[random.Below(entry.Records.Count)]);
                var at = record.Time;
                queries.Add(("one trail", Of(RecordFilter.Is(RecordField.Trace, record.Trace.ToString()))));
                queries.Add(("a rare tool", Of(RecordFilter.Is(RecordField.Tool, "bash"))));
                queries.Add(("an agent's failed calls", Of(RecordFilter.Is(RecordField.Agent, record.Actor.Id.ToString()), RecordFilter.Is(RecordField.Status, "tool_error"))));
                queries.Add(("denials in an hour", Of(RecordFilter.Is(RecordField.Decision, "deny")) with { Since = at.AddMinutes(-30), Until = at.AddMinutes(30) }));
                queries.Add(("an owner's writes", Of(RecordFilter.Is(RecordField.Owner, record.Actor.Owner), RecordFilter.Is(RecordField.Tool, "write_file"))));
                queries.Add(("resources by pattern", Of(RecordFilter.Is(RecordField.Resource, "mcp://orders/tools/send*"))));
                queries.Add(("the next page", Of(RecordFilter.Is(RecordField.Kind, record.Kind)) with { After = new RecordCursor(at, record.Id) }));
                if (CredentialOf(entry.Records) is { } credential)
                {
                    queries.Add(("one credential", Of(RecordFilter.Is(RecordField.Credential, credential))));
                }
            }
        }

        return queries;
    }

    private static RecordQuery Of(params IReadOnlyList<RecordFilter> filters) => new() { Filters = filters };

    private static string? CredentialOf(IReadOnlyList<ReadOnlyMemory<byte>> records) => records
        .Select(bytes => Record.Parse(bytes))
        .Where(record => record.Kind == RecordKinds.ActionRequested)
        .Select(record => record.Body.TryGetProperty("credential", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null)
        .FirstOrDefault(id => id is not null);
}
