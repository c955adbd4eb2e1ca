using System.Text;
using System.Text.Json;
using Cairn.Gateway.Messages;
using CsCheck;

namespace Cairn.Gateway.Tests.Messages;

public sealed class MessageScannerTests
{
    private static ScannedLine Scan(string line) => new MessageScanner().Scan(Encoding.UTF8.GetBytes(line));

    private static McpMessage One(string line)
    {
        var scanned = Scan(line);
        Assert.Null(scanned.Violation);
        return Assert.Single(scanned.Messages);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}""", MessageKind.Request)]
    [InlineData("""{"params":{},"method":"tools/call","id":"1","jsonrpc":"2.0"}""", MessageKind.Request)]
    [InlineData("""{"method":"notifications/initialized"}""", MessageKind.Notification)]
    [InlineData("""{"result":{},"jsonrpc":"2.0","id":1}""", MessageKind.Response)]
    [InlineData("""{"error":{"code":-1,"message":""},"id":null}""", MessageKind.Response)]
    public void Kind_follows_from_the_members(string line, object kind) => Assert.Equal((MessageKind)kind, One(line).Kind);

    [Fact]
    public void Members_are_found_by_path_with_their_exact_bytes_in_any_order()
    {
        const string line = """ {"params" : { "arguments":{"a":[1,2]} ,"_meta":{"traceparent":"x"},"n\u0061me":"read"},"id":7,"method":"tools/call"} """;
        var message = One(line);
        var bytes = Encoding.UTF8.GetBytes(line);

        Assert.Equal("""{"a":[1,2]}""", Encoding.UTF8.GetString(message["params.arguments"]!.Value.In(bytes)));
        Assert.Equal("\"x\"", Encoding.UTF8.GetString(message["params._meta.traceparent"]!.Value.In(bytes)));
        Assert.Equal("read", message.Text("params.name", bytes));
        Assert.Equal(line.Trim(), Encoding.UTF8.GetString(message.Object.In(bytes)));
    }

    [Fact]
    public void Members_below_unknown_ones_are_not_taken_for_known_ones()
    {
        var message = One("""{"id":1,"method":"m","x":{"params":{"name":"no"}},"params":{"arguments":{"name":"no","_meta":{"traceparent":"no"}}}}""");

        Assert.False(message.Has("params.name"));
        Assert.False(message.Has("params._meta"));
    }

    [Theory]
    [InlineData("1", "1", true)]
    [InlineData("1", "1.0", true)]
    [InlineData("100", "1e2", true)]
    [InlineData("0.10", "1E-1", true)]
    [InlineData("9007199254740993", "9007199254740992", false)]
    [InlineData("1", "-1", false)]
    [InlineData("1", "\"1\"", false)]
    [InlineData("\"caf\\u00e9\"", "\"café\"", true)]
    [InlineData("\"a\"", "\"A\"", false)]
    [InlineData("1e999999999999", "1e999999999998", false)]
    public void Ids_are_equal_when_their_exact_values_are(string one, string other, bool equal)
    {
        Assert.Equal(equal, One($$"""{"id":{{one}},"method":"m"}""").Id!.Value.Equals(One($$"""{"id":{{other}},"result":1}""").Id!.Value));
    }

    [Theory]
    [InlineData("""{"id":1,"method":"ping","method":"tools/call"}""", "duplicate_member")]
    [InlineData("""{"id":1,"method":"m","params":{"arguments":{"a":{"b":1,"\u0062":2}}}}""", "duplicate_member")]
    [InlineData("""{"id":1,"method":"ping","Method":"tools/call"}""", "ambiguous_member")]
    [InlineData("""{"id":1,"method":"tools/call","params":{"name":"a","NAME":"b"}}""", "ambiguous_member")]
    [InlineData("""{"id":1,"method":"m","re\u017Fult":1}""", "ambiguous_member")]
    [InlineData("""{"id":1,"method":"m"} x""", "malformed_json")]
    [InlineData("""{"id":1,"method":"m",}""", "malformed_json")]
    [InlineData("""{"id":1,"method":"m"}{"id":2,"method":"m"}""", "malformed_json")]
    [InlineData("""{"id":1,"method":"m","\ud800":1}""", "malformed_json")]
    [InlineData("", "malformed_json")]
    [InlineData("hello", "malformed_json")]
    [InlineData("42", "invalid_message")]
    [InlineData("[]", "invalid_message")]
    [InlineData("[1]", "invalid_message")]
    [InlineData("{}", "invalid_message")]
    [InlineData("""{"id":1,"method":"m","result":{}}""", "invalid_message")]
    [InlineData("""{"id":1,"result":{},"error":{}}""", "invalid_message")]
    [InlineData("""{"id":null,"method":"m"}""", "invalid_message")]
    [InlineData("""{"id":{},"method":"m"}""", "invalid_message")]
    [InlineData("""{"id":1,"method":2}""", "invalid_message")]
    [InlineData("{\"id\":1,\r\"method\":\"m\"}", "embedded_line_end")]
    public void What_two_parsers_could_read_differently_is_a_violation(string line, string reason) =>
        Assert.Equal(reason, Scan(line).Violation?.Reason);

    [Fact]
    public void Invalid_utf8_is_found_at_its_offset()
    {
        byte[] line = [.. """{"id":1,"method":"m","params":{"a":" """u8, 0xC3, 0x28, .. "\"}}"u8];

        var violation = new MessageScanner().Scan(line).Violation!;

        Assert.Equal(("invalid_utf8", 37L), (violation.Reason, violation.Offset));
    }

    [Fact]
    public void Batch_gives_its_messages_in_order()
    {
        var scanned = Scan("""[{"id":1,"method":"a"},{"method":"b"},{"id":2,"result":{}}]""");

        Assert.Null(scanned.Violation);
        Assert.True(scanned.IsBatch);
        Assert.Equal([MessageKind.Request, MessageKind.Notification, MessageKind.Response], scanned.Messages.Select(m => m.Kind));
    }

    [Fact]
    public void Same_name_in_sibling_objects_is_no_violation()
    {
        var many = string.Join(',', Enumerable.Range(0, 300).Select(i => $$"""{"a":1,"b{{i}}":2}"""));

        Assert.Null(Scan($$$"""{"id":1,"method":"m","params":{"x":[{{{many}}}]}}""").Violation);
    }

    [Fact]
    public void Duplicate_among_many_names_is_found()
    {
        var many = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"k{i}\":{i}"));

        Assert.Equal("duplicate_member", Scan($$$"""{"id":1,"method":"m","params":{ {{{many}}},"k77":0}}""").Violation?.Reason);
        Assert.Null(Scan($$$"""{"id":1,"method":"m","params":{ {{{many}}} }}""").Violation);
    }

    [Fact]
    public void Deep_nesting_is_understood_to_the_limit_and_a_violation_beyond_it()
    {
        static string Nested(int depth) => "{\"id\":1,\"method\":\"m\",\"params\":" + new string('[', depth) + new string(']', depth) + "}";

        Assert.Null(Scan(Nested(MessageScanner.MaxDepth - 1)).Violation);
        Assert.Contains("1000 levels", Scan(Nested(MessageScanner.MaxDepth + 1)).Violation!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Scanner_agrees_with_the_platform_parser_on_what_is_json()
    {
        Gen.String[Gen.Char["{}[]\",:0123ea\\u -.truefalsn"], 0, 24].Sample(text =>
        {
            var isJson = true;
            try
            {
                using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MessageScanner.MaxDepth });
            }
            catch (JsonException)
            {
                isJson = false;
            }

            Assert.Equal(isJson, new MessageScanner().Scan(Encoding.UTF8.GetBytes(text)).Violation?.Code != -32700);
        });
    }
}
