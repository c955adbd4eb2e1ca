using Cairn.Trails.Index;
using Parquet;
using Parquet.Schema;

namespace Cairn.Cli.Investigate.Find;

/// <summary>Found records as an Apache Parquet file: the columns of every other form, time as a timestamp, statement as a number.</summary>
internal static class FoundParquet
{
    private const int GroupRows = 50_000;

    /// <returns>How many records were written.</returns>
    public static async Task<long> WriteAsync(Stream output, IAsyncEnumerable<RecordFacts> found, CancellationToken cancel)
    {
        var fields = FoundColumns.All.Select(column => column.Name switch
        {
            "time" => (DataField)new DateTimeDataField("time", DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros, isNullable: false),
            "statement" => new DataField<long>("statement"),
            _ => new DataField(column.Name, typeof(string), true),
        }).ToArray();
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), output, new ParquetOptions { CompressionMethod = CompressionMethod.Zstd }, append: false, cancel);
        var (rows, written) = (new List<RecordFacts>(), 0L);
        await foreach (var facts in found.WithCancellation(cancel))
        {
            rows.Add(facts);
            if (rows.Count == GroupRows)
            {
                await WriteGroupAsync(writer, fields, rows, cancel);
                written += rows.Count;
                rows.Clear();
            }
        }

        if (rows.Count > 0 || written == 0)
        {
            await WriteGroupAsync(writer, fields, rows, cancel);
        }

        return written + rows.Count;
    }

    private static async Task WriteGroupAsync(ParquetWriter writer, DataField[] fields, List<RecordFacts> rows, CancellationToken cancel)
    {
        using var group = writer.CreateRowGroup();
        for (var i = 0; i < fields.Length; i++)
        {
            switch (fields[i].Name)
            {
                case "time":
                    await group.WriteAsync<DateTime>(fields[i], rows.Select(FoundColumns.TimeOf).ToArray(), cancellationToken: cancel);
                    break;
                case "statement":
                    await group.WriteAsync<long>(fields[i], rows.Select(facts => facts.Entry.Statement).ToArray(), cancellationToken: cancel);
                    break;
                default:
                    await group.WriteAsync(fields[i], rows.Select(facts => FoundColumns.All[i].Text(facts)).ToArray()!);
                    break;
            }
        }

        group.CompleteValidate();
    }
}
