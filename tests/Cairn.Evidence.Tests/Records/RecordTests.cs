using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Tests.Records;

public class RecordTests
{
    internal static RecordHeader Header(string kind = RecordKinds.ActionRequested) => new(
        RecordId.Parse("01976d2e-5c00-7000-8000-0123456789ab"), kind, new DateTimeOffset(2026, 1, 31, 9, 30, 0, TimeSpan.Zero).AddMicroseconds(17),
        TraceId.Parse("4bf92f3577b34da6a3ce929d0e0e4736"), SpanId.Parse("00f067aa0ba902b7"), SpanId.Parse("00f067aa0ba902b8"), null, 3,
        new Actor(SpiffeId.Parse("spiffe://example.org/agent/billing"), "host-1/42", "team-billing"));

    internal static byte[] Example(long seq = 3) => RecordWriter.Write(Header() with { Seq = seq }, w =>
    {
        w.WriteString("type", "tool.call");
        w.WriteString("resource", "mcp://files/read");
        new HeldCommitment(Digest.Sha256("x"u8), 1, "application/json", ContentHandling.None).WriteTo(w, "input");
        w.WriteBoolean("strict", true);
    }, new Dictionary<string, object> { ["gen_ai.tool.name"] = "read", ["retries"] = 2, ["ratio"] = 1e-7, ["list"] = new[] { "a", "b" } });

    [Fact]
    public void Record_keeps_every_member_that_was_written()
    {
        var bytes = Example();

        var record = Record.Parse(bytes);

        var header = Header();
        Assert.Equal(header, new RecordHeader(record.Id, record.Kind, record.Time, record.Trace, record.Span, record.Parent, record.Task, record.Seq, record.Actor));
        Assert.Equal("tool.call", record.Body.GetProperty("type").GetString());
        Assert.Equal(new HeldCommitment(Digest.Sha256("x"u8), 1, "application/json", ContentHandling.None), HeldCommitment.Parse(record.Body.GetProperty("input")));
        Assert.Equal(1e-7, record.Root.GetProperty("attributes").GetProperty("ratio").GetDouble());
        Assert.Equal(Digest.Sha256([0, .. bytes]), record.LeafHash);
    }

    [Fact]
    public void Record_members_stand_in_the_specified_order()
    {
        using var document = JsonDocument.Parse(Example());
        Assert.Equal(
            ["v", "id", "kind", "time", "trace", "span", "parent", "seq", "actor", "action", "attributes"],
            document.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal("2026-01-31T09:30:00.000017Z", document.RootElement.GetProperty("time").GetString());
    }

    [Fact]
    public void Record_is_written_even_when_text_is_hostile()
    {
        var bytes = RecordWriter.Write(Header() with { Actor = new Actor(Header().Actor.Id, "a\0b\uFFFF\uD800\n\"\\</script>é😀", "") }, w => w.WriteString("type", "tool.call"));

        Assert.Equal("a\uFFFDb\uFFFD\uFFFD\n\"\\</script>é😀", Record.Parse(bytes).Actor.Instance);
        Assert.Contains("</script>é😀", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"v\":1", "\"v\":2", "member v")]
    [InlineData("\"v\":1", "\"v\":1.0", "member v")]
    [InlineData("\"v\":1,", "", "member v")]
    [InlineData("01976d2e-5c00-7000", "01976d2e-5c00-4000", "member id")]
    [InlineData("01976d2e-5c00", "01976D2E-5c00", "member id")]
    [InlineData("action.requested", "action", "member kind")]
    [InlineData("\"action\":", "\"policy\":", "expected the member \"action\"")]
    [InlineData("09:30:00.000017Z", "09:30:60.000017Z", "member time")]
    [InlineData("2026-01-31", "2026-02-31", "member time")]
    [InlineData(".000017Z", ".000017+00:00", "member time")]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000000", "member trace")]
    [InlineData("00f067aa0ba902b7", "00F067aa0ba902b7", "member span")]
    [InlineData("\"parent\":\"00f067aa0ba902b8\"", "\"parent\":null", "member parent")]
    [InlineData("\"seq\":3", "\"seq\":-3", "member seq")]
    [InlineData("\"seq\":3", "\"seq\":3.0", "member seq")]
    [InlineData("spiffe://example.org/agent/billing", "spiffe://example.org/agent/", "member actor.id")]
    [InlineData("spiffe://example.org/agent/billing", "https://example.org/agent", "member actor.id")]
    [InlineData("spiffe:", "spif\\u0066e:", "member actor.id")]
    [InlineData("\"owner\":\"team-billing\"", "\"owner\":7", "member actor.owner")]
    [InlineData("\"attributes\":", "\"extra\":1,\"attributes\":", "one member besides the common ones")]
    public void Record_is_refused_with_the_member_named_when_it_breaks_a_rule(string old, string replacement, string expected)
    {
        var text = Encoding.UTF8.GetString(Example()).Replace(old, replacement, StringComparison.Ordinal);

        var error = Assert.Throws<EvidenceFormatException>(() => Record.Parse(Encoding.UTF8.GetBytes(text)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_of_an_unknown_kind_is_read_with_its_own_member()
    {
        var text = Encoding.UTF8.GetString(Example()).Replace("action.requested", "weather.seen", StringComparison.Ordinal);

        var record = Record.Parse(Encoding.UTF8.GetBytes(text));

        Assert.False(RecordKinds.IsKnown(record.Kind));
        Assert.Equal("action", record.BodyMember);
    }
}
