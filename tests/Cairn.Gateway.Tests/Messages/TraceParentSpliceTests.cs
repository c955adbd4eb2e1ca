using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Gateway.Messages;
using CsCheck;

namespace Cairn.Gateway.Tests.Messages;

public sealed class TraceParentSpliceTests
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    private static string Spliced(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var splices = new MessageScanner().Scan(bytes).Messages
            .Select(m => TraceParentSplice.For(m, bytes, Parent)).OfType<LineSplice>().ToList();
        return Encoding.UTF8.GetString(LineSplice.Apply(bytes, splices));
    }

    [Theory]
    [InlineData("""{"id":1,"method":"m","params":{}}""", """{"id":1,"method":"m","params":{"_meta":{"traceparent":"P"}}}""")]
    [InlineData("""{"id":1,"method":"m","params":{ }}""", """{"id":1,"method":"m","params":{"_meta":{"traceparent":"P"} }}""")]
    [InlineData("""{"id":1,"params":{"name":1e400},"method":"m"}""", """{"id":1,"params":{"_meta":{"traceparent":"P"},"name":1e400},"method":"m"}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{}}}""", """{"id":1,"method":"m","params":{"_meta":{"traceparent":"P"}}}""")]
    [InlineData(
        """{"id":1,"method":"m","params":{"_meta":{"tracestate":"a=b"}}}""",
        """{"id":1,"method":"m","params":{"_meta":{"traceparent":"P","tracestate":"a=b"}}}""")]
    [InlineData(
        """{"id":1,"method":"m","params":{"_meta":{ "traceparent" : "00-11111111111111111111111111111111-2222222222222222-00" , "x":1}}}""",
        """{"id":1,"method":"m","params":{"_meta":{ "traceparent" : "P" , "x":1}}}""")]
    [InlineData(
        """[{"id":1,"method":"m","params":{}},{"id":2,"method":"m","params":{"a":1}}]""",
        """[{"id":1,"method":"m","params":{"_meta":{"traceparent":"P"}}},{"id":2,"method":"m","params":{"_meta":{"traceparent":"P"},"a":1}}]""")]
    public void Splice_sets_the_trace_parent_and_keeps_every_other_byte(string line, string expected) =>
        Assert.Equal(expected.Replace("P\"", Parent + "\"", StringComparison.Ordinal), Spliced(line));

    [Theory]
    [InlineData("""{"id":1,"method":"m"}""")]
    [InlineData("""{"id":1,"method":"m","params":[1,2]}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":null}}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":"x"}}""")]
    public void Splice_leaves_a_line_alone_that_has_no_place_for_it(string line) => Assert.Equal(line, Spliced(line));

    [Fact]
    public void Splice_changes_nothing_but_the_trace_parent_of_any_message()
    {
        var scalar = Gen.OneOf(Gen.Int.Select(i => (JsonNode)i), Gen.String.Select(s => (JsonNode)new string([.. s.Where(c => !char.IsSurrogate(c))])));
        var parameters = Gen.Dictionary(Gen.String[Gen.Char.AlphaNumeric, 1, 6], scalar)[0, 6];
        Gen.Select(parameters, Gen.Bool, Gen.Bool).Sample((members, hasMeta, indented) =>
        {
            var body = new JsonObject(members.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value.DeepClone())));
            if (hasMeta)
            {
                body["_meta"] = new JsonObject { ["progressToken"] = 1, ["tracestate"] = "x=y" };
            }

            var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = body };
            var line = message.ToJsonString(new JsonSerializerOptions { WriteIndented = indented, NewLine = "\n" });

            var changed = JsonNode.Parse(Spliced(line))!;

            Assert.Equal(Parent, (string?)changed["params"]!["_meta"]!["traceparent"]);
            changed["params"]!["_meta"]!.AsObject().Remove("traceparent");
            if (!hasMeta)
            {
                changed["params"]!.AsObject().Remove("_meta");
            }

            Assert.True(JsonNode.DeepEquals(message, changed));
        });
    }
}
