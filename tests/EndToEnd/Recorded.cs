using Cairn.Evidence.Records;
using Cairn.Ledger;
using ModelContextProtocol.Protocol;

namespace Cairn.EndToEnd;

/// <summary>What a data directory holds, read through the ledger after the programs under test have ended.</summary>
public static class Recorded
{
    public static async Task<List<Record>> ReadAsync(string data)
    {
        await using var ledger = await EmbeddedLedger.OpenAsync(LedgerDirectory.Open(data), new EmbeddedLedgerOptions(), default);
        var records = new List<Record>();
        await foreach (var entry in ledger.ReadAsync(0, long.MaxValue, default))
        {
            records.AddRange(entry.Records.Select(Record.Parse));
        }

        return records;
    }

    public static string TextOf(CallToolResult result) => result.Content.OfType<TextContentBlock>().First().Text;
}
