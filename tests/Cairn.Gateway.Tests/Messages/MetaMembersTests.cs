using System.Text;
using System.Text.Json.Nodes;
using Cairn.Gateway.Messages;
using CsCheck;

namespace Cairn.Gateway.Tests.Messages;

/// <summary>Members of a request's metadata are set and taken out, and every other byte stays.</summary>
public sealed class MetaMembersTests
{
    private static string Changed(string line, (string Name, string Json)[] set, string take = "taken")
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var message = new MessageScanner().Scan(bytes).Messages[0];
        var splices = MetaMembers.Of(message, bytes).Splices([.. set.Select(s => (s.Name, Encoding.UTF8.GetBytes(s.Json)))], take);
        return Encoding.UTF8.GetString(LineSplice.Apply(bytes, splices));
    }

    [Theory]
    [InlineData("""{"id":1,"method":"m","params":{}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2}}}""")]
    [InlineData("""{"id":1,"method":"m","params":{ "x":1e9 }}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2}, "x":1e9 }}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{ }}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2 }}}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{"b" : [9] , "c":3}}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b" : 2 , "c":3}}}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{"taken":{"t":1}}}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2}}}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{"taken":0 , "c":3}}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2,"c":3}}}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{"c":3 ,"taken":"x" }}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2,"c":3 }}}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":{"b":0,"taken":"x"}}}""", """{"id":1,"method":"m","params":{"_meta":{"a":1,"b":2}}}""")]
    [InlineData("""{"id":1,"method":"m","params":[1]}""", """{"id":1,"method":"m","params":[1]}""")]
    [InlineData("""{"id":1,"method":"m","params":{"_meta":null}}""", """{"id":1,"method":"m","params":{"_meta":null}}""")]
    public void Members_are_set_in_place_or_put_first_and_one_is_taken_out(string line, string expected) =>
        Assert.Equal(expected, Changed(line, [("a", "1"), ("b", "2")]));

    [Fact]
    public void Any_metadata_keeps_all_other_members_and_loses_the_taken_one()
    {
        var name = Gen.OneOf(Gen.Const("taken"), Gen.Const("a"), Gen.String[Gen.Char.AlphaNumeric, 1, 4]);
        Gen.Select(Gen.Dictionary(name, Gen.Int)[0, 5], Gen.Bool).Sample((members, indented) =>
        {
            var meta = new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
            var message = new JsonObject { ["id"] = 1, ["method"] = "m", ["params"] = new JsonObject { ["_meta"] = meta, ["x"] = 1 } };
            var line = message.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = indented, NewLine = "\n" });

            var changed = JsonNode.Parse(Changed(line, [("a", "7")]))!;

            var expected = members.Where(m => m.Key is not ("taken" or "a")).Select(m => (m.Key, m.Value)).Append(("a", 7)).Order();
            Assert.Equal(expected, changed["params"]!["_meta"]!.AsObject().Select(m => (m.Key, (int)m.Value!)).Order());
            Assert.Equal(1, (int)changed["params"]!["x"]!);
        });
    }
}
