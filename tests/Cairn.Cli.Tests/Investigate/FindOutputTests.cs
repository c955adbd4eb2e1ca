using System.Text.Json;
using Cairn.Cli.Investigate.Find;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Ledger;
using Cairn.Trails;
using Cairn.Trails.Index;

namespace Cairn.Cli.Tests.Investigate;

public sealed class FindOutputTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"yes\"", "\"say \"\"yes\"\"\"")]
    [InlineData("two\r\nlines", "\"two\r\nlines\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("-2+3", "'-2+3")]
    [InlineData("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0")]
    [InlineData("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"")]
    [InlineData("a=b", "a=b")]
    public void Cells_are_quoted_by_RFC_4180_and_none_is_a_formula(string? value, string cell) => Assert.Equal(cell, FoundText.Cell(value));

    [Fact]
    public void Every_form_of_output_tells_the_same_columns()
    {
        var facts = Facts("mcp://files/tools/read_file");
        var cells = FoundText.Csv(facts).TrimEnd('\r', '\n').Split(',');
        using var json = JsonDocument.Parse(FoundText.Json(facts));

        Assert.Equal(FoundColumns.All.Count, cells.Length);
        Assert.Equal(FoundText.CsvHeader, string.Join(',', FoundColumns.All.Select(column => column.Name)) + "\r\n");
        foreach (var ((name, _), cell) in FoundColumns.All.Zip(cells).Where(pair => pair.Second.Length > 0))
        {
            Assert.Equal(cell, json.RootElement.GetProperty(name).ToString());
        }

        Assert.Equal("read_file", json.RootElement.GetProperty("tool").GetString());
        Assert.Equal(facts.Entry.Record.Id.ToString(), json.RootElement.GetProperty("written").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Parquet_file_holds_exact_values_typed()
    {
        var facts = new[] { Facts("=1+1"), Facts("mcp://files/tools/read_file") };
        using var file = new MemoryStream();
        Assert.Equal(2, await FoundParquet.WriteAsync(file, facts.ToAsyncEnumerable(), TestContext.Current.CancellationToken));
        file.Position = 0;

        var read = await Parquet.Serialization.ParquetSerializer.DeserializeUntypedAsync(file, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(FoundColumns.All.Select(column => column.Name), read.Schema.DataFields.Select(field => field.Name));
        Assert.Equal(["=1+1", "mcp://files/tools/read_file"], read.Data.Select(row => row["resource"]));
        Assert.Equal(facts.Select(FoundColumns.TimeOf), read.Data.Select(row => (DateTime)row["time"]!));
        Assert.Equal([7L, 7L], read.Data.Select(row => row["statement"]));
        Assert.Null(read.Data[0].GetValueOrDefault("credential"));
    }

    [Fact]
    public async Task Parquet_file_without_rows_is_one()
    {
        using var file = new MemoryStream();
        Assert.Equal(0, await FoundParquet.WriteAsync(file, AsyncEnumerable.Empty<RecordFacts>(), TestContext.Current.CancellationToken));
        file.Position = 0;
        Assert.Empty((await Parquet.Serialization.ParquetSerializer.DeserializeUntypedAsync(file, cancellationToken: TestContext.Current.CancellationToken)).Data);
    }

    [Fact]
    public void Saved_queries_are_kept_joined_and_deleted()
    {
        var folder = Directory.CreateTempSubdirectory("cairn-find-").FullName;
        try
        {
            var queries = new SavedQueries(LedgerDirectory.OpenOrCreate(Path.Combine(folder, "data")));
            queries.Put("denied", new QueryText("2h", null, new Dictionary<string, string[]> { ["decision"] = ["deny"], ["tool"] = ["pay"] }));

            var asked = new QueryText("1h", "5m", new Dictionary<string, string[]> { ["tool"] = ["read"], ["agent"] = ["a"] }).And(queries.Get("denied"));

            Assert.Equal(("1h", "5m"), (asked.Since, asked.Until));
            Assert.Equal(["pay", "read"], asked.Conditions["tool"].Order());
            Assert.Equal(["deny"], asked.Conditions["decision"]);
            Assert.Contains("denied", Assert.Throws<CliException>(() => queries.Get("other")).Message, StringComparison.Ordinal);
            Assert.Throws<CliException>(() => queries.Put("a/b", asked));
            queries.Delete("denied");
            Assert.Empty(queries.All());
            Assert.Throws<CliException>(() => queries.Delete("denied"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(null, null, "table")]
    [InlineData("x.csv", null, "csv")]
    [InlineData("x.parquet", null, "parquet")]
    [InlineData("x.txt", "jsonl", "jsonl")]
    public void Form_follows_from_the_option_or_the_name(string? file, string? format, string form) =>
        Assert.Equal(form, Request(file, format).FormOfOutput());

    [Theory]
    [InlineData("x.txt", null)]
    [InlineData("x.csv", "table")]
    [InlineData(null, "parquet")]
    public void Form_that_does_not_fit_is_refused(string? file, string? format) => Assert.Throws<CliException>(() => Request(file, format).FormOfOutput());

    private static FindRequest Request(string? file, string? format) =>
        new("data", new QueryText(null, null, new Dictionary<string, string[]>())) { File = file, Format = format };

    private static RecordFacts Facts(string resource)
    {
        var actor = new Actor(SpiffeId.Parse("spiffe://cairn.local/agent/a"), "host:1", "team@example.org");
        var bytes = RecordWriter.Write(
            new RecordHeader(RecordId.New(DateTimeOffset.UtcNow), RecordKinds.ActionRequested, DateTimeOffset.UtcNow, TraceId.New(), SpanId.New(), null, null, 0, actor),
            json =>
            {
                json.WriteString("type", "tool.call");
                json.WriteString("resource", resource);
            });
        return RecordFacts.Of(new TrailRecord(Record.Parse(bytes), SpiffeId.Parse("spiffe://cairn.local/gateway/mcp"), StreamId.New(), 7));
    }
}
