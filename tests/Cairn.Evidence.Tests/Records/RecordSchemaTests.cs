using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Tests.Records;

/// <summary>docs/spec/schemas, one for each kind.</summary>
public class RecordSchemaTests
{
    private static readonly StructuralSchema Schemas = new(Path.Combine(SpecFiles.Root, "schemas"));

    [Fact]
    public void Every_kind_has_a_schema_and_every_schema_a_kind() =>
        Assert.Equal(
            RecordKinds.All.Append("common").Select(kind => $"{kind}.schema.json").Order(),
            Directory.GetFiles(Path.Combine(SpecFiles.Root, "schemas")).Select(Path.GetFileName).Order());

    [Fact]
    public void Example_records_satisfy_their_kinds_schema()
    {
        foreach (var line in RecordVectorTests.Lines)
        {
            Assert.Empty(Errors(Encoding.UTF8.GetString(line)));
        }
    }

    [Fact]
    public void Record_from_the_writer_satisfies_its_schema() => Assert.Empty(Errors(Encoding.UTF8.GetString(RecordTests.Example())));

    [Theory]
    [InlineData("\"strict\":true", "\"strict\":1", "/action/strict")]
    [InlineData(",\"strict\":true", "", "no strict")]
    [InlineData("\"strict\":true", "\"strict\":true,\"more\":1", "/action/more")]
    [InlineData("\"content\":\"none\"", "\"content\":\"some\"", "/action/input: none of anyOf")]
    [InlineData("\"content\":\"none\"", "\"content\":\"redacted\"", "/action/input: none of anyOf")]
    [InlineData("hmac-sha256:", "sha256:", "/action/input: none of anyOf")]
    [InlineData("\"bytes\":1", "\"bytes\":-1", "/action/input: none of anyOf")]
    [InlineData("\"retries\":2", "\"retries\":{}", "/attributes/retries")]
    [InlineData("\"seq\":3", "\"seq\":3.5", "/seq")]
    [InlineData("\"attributes\":", "\"more\":{},\"attributes\":", "/more")]
    public void Schema_names_the_member_that_breaks_it(string old, string replacement, string expected)
    {
        var text = Encoding.UTF8.GetString(RecordTests.Example());

        Assert.Contains(Errors(text.Replace(old, replacement, StringComparison.Ordinal)), error => error.Contains(expected, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Errors(string record)
    {
        var json = JsonElement.Parse(record);
        return Schemas.Errors($"{json.Text("kind")}.schema.json", json);
    }
}
