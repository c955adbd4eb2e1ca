using System.Text;
using System.Text.Json;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Tests.Records;

/// <summary>docs/spec/vectors/records, made by an implementation that shares no code with this one.</summary>
public class RecordVectorTests
{
    internal static byte[][] Lines { get; } =
        [.. Encoding.UTF8.GetString(SpecFiles.Bytes("vectors/records/records.jsonl")).TrimEnd('\n').Split('\n').Select(Encoding.UTF8.GetBytes)];

    public static TheoryData<string> IJsonCases => [.. SpecFiles.Json("vectors/records/ijson.json").GetProperty("cases").EnumerateArray().Select(one => one.Text("name") + "|" + one.GetRawText())];

    public static TheoryData<string> InvalidRecords => [.. SpecFiles.Json("vectors/records/invalid.json").GetProperty("cases").EnumerateArray().Select(one => one.GetRawText())];

    [Theory]
    [MemberData(nameof(IJsonCases), DisableDiscoveryEnumeration = true)]
    public void IJson_agrees_with_the_vector(string text)
    {
        var vector = JsonElement.Parse(text[(text.IndexOf('|', StringComparison.Ordinal) + 1)..]);
        byte[] bytes = vector.TryGetProperty("hex", out _)
            ? vector.Hex("hex")
            : [.. vector.Hex("prefix"), .. Enumerable.Repeat(vector.Hex("fill")[0], vector.GetProperty("count").GetInt32()), .. vector.Hex("suffix")];

        if (vector.GetProperty("valid").GetBoolean())
        {
            IJson.Validate(bytes);
        }
        else
        {
            Assert.Throws<EvidenceFormatException>(() => IJson.Validate(bytes));
        }
    }

    [Theory]
    [MemberData(nameof(InvalidRecords), DisableDiscoveryEnumeration = true)]
    public void Record_is_refused_though_it_is_IJson(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(JsonElement.Parse(text).Text("record"));

        IJson.Validate(bytes);
        Assert.Throws<EvidenceFormatException>(() => Record.Parse(bytes));
    }

    [Fact]
    public void Records_are_read_as_the_vectors_say()
    {
        var expected = SpecFiles.Json("vectors/records/expected.json");
        var records = Lines.Select(line => Record.Parse(line)).ToArray();

        Assert.Equal(expected.Text("merkle_root"), MerkleTree.Root([.. records.Select(record => record.LeafHash)]).ToString());
        foreach (var (record, vector) in records.Zip(expected.GetProperty("records").EnumerateArray()))
        {
            Assert.Equal(vector.Text("leaf_hash"), record.LeafHash.ToString());
            Assert.Equal(vector.Text("id"), record.Id.ToString());
            Assert.Equal(vector.Text("kind"), record.Kind);
            Assert.Equal(vector.Text("time"), record.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'"));
            Assert.Equal(vector.Text("trace"), record.Trace.ToString());
            Assert.Equal(vector.Text("span"), record.Span.ToString());
            Assert.Equal(vector.GetProperty("parent").GetString(), record.Parent?.ToString());
            Assert.Equal(vector.GetProperty("seq").GetInt64(), record.Seq);
            Assert.Equal(RecordKinds.BodyMember(record.Kind), record.BodyMember);
            Assert.Equal(JsonValueKind.Object, record.Body.ValueKind);
        }
    }

    [Fact]
    public void Records_of_every_kind_are_among_the_vectors() =>
        Assert.Equal(RecordKinds.All.Order(), Lines.Select(line => Record.Parse(line).Kind).Distinct().Order());

    [Fact]
    public void Record_written_by_the_writer_has_the_bytes_of_the_vector()
    {
        foreach (var line in Lines)
        {
            var record = Record.Parse(line);
            var attributes = record.Root.TryGetProperty("attributes", out var given)
                ? given.EnumerateObject().ToDictionary(member => member.Name, member => Value(member.Value))
                : null;

            var written = RecordWriter.Write(
                new RecordHeader(record.Id, record.Kind, record.Time, record.Trace, record.Span, record.Parent, record.Task, record.Seq, record.Actor),
                writer =>
                {
                    foreach (var member in record.Body.EnumerateObject())
                    {
                        member.WriteTo(writer);
                    }
                },
                attributes);

            Assert.Equal(Encoding.UTF8.GetString(line), Encoding.UTF8.GetString(written));
        }
    }

    private static object Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.TryGetInt64(out var integer) ? integer : value.GetDouble(),
        JsonValueKind.Array => value.EnumerateArray().Select(Value).ToArray(),
        _ => value.GetBoolean(),
    };
}
