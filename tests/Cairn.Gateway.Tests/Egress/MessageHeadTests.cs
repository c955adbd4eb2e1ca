using System.Net;
using System.Text;
using Cairn.Gateway.Egress;

namespace Cairn.Gateway.Tests.Egress;

/// <summary>HTTP/1.1 read so strictly that no two readers can differ on it (RFC 9112).</summary>
public sealed class MessageHeadTests
{
    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static MessageHead Request(string text) => MessageHead.Parse(Bytes(text), isRequest: true);

    [Theory]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\r\nX:  b \t\r\n\r\n", 200)]
    [InlineData("GET http://a/ HTTP/1.1\nHost: a\n\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\nX: a\r\n folded\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\nX : a\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\n: a\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\nX: a\0b\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/1.1\r\nX: a\rb\r\n\r\n", 400)]
    [InlineData("GET  http://a/ HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET http://a/ b HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET\thttp://a/\tHTTP/1.1\r\n\r\n", 400)]
    [InlineData("G(T http://a/ HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET http://a/ HTTP/2.0\r\n\r\n", 505)]
    [InlineData("GET http://a/ http/1.1\r\n\r\n", 505)]
    public void Head_is_read_or_refused(string text, int status)
    {
        var got = 200;
        try
        {
            Request(text);
        }
        catch (HttpFault e)
        {
            got = e.Status;
        }

        Assert.Equal(status, got);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked", 400)]
    [InlineData("Content-Length: 5\r\nContent-Length: 5", 400)]
    [InlineData("Content-Length: 5, 5", 400)]
    [InlineData("Content-Length: +5", 400)]
    [InlineData("Content-Length: 0x5", 400)]
    [InlineData("Content-Length: ", 400)]
    [InlineData("Content-Length: 99999999999999999999", 400)]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501)]
    [InlineData("Transfer-Encoding: gzip, chunked", 501)]
    [InlineData("Transfer-Encoding: chunked, identity", 501)]
    [InlineData("Transfer-Encoding: xchunked", 501)]
    [InlineData("Transfer-Encoding: \u000bchunked", 400)]
    public void Request_with_a_framing_that_leaves_a_choice_is_refused(string fields, int status) =>
        Assert.Equal(status, Assert.Throws<HttpFault>(() => BodyFraming.OfRequest(Request($"POST http://a/ HTTP/1.1\r\n{fields}\r\n\r\n"))).Status);

    [Fact]
    public void Transfer_encoding_of_an_old_client_is_refused() =>
        Assert.Throws<HttpFault>(() => BodyFraming.OfRequest(Request("POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")));

    [Theory]
    [InlineData("http://example.org", "example.org", 80, "/")]
    [InlineData("HTTP://Example.org:8080/a?b=c", "example.org", 8080, "/a?b=c")]
    [InlineData("http://[::1]:81?x", "::1", 81, "/?x")]
    [InlineData("http://127.0.0.1/", "127.0.0.1", 80, "/")]
    public void Target_is_a_whole_uri(string text, string host, int port, string path)
    {
        var target = Target.OfRequest(text);

        Assert.Equal((host, port, path), (target.Host, target.Port, target.PathAndQuery));
    }

    [Theory]
    [InlineData("/path")]
    [InlineData("*")]
    [InlineData("https://example.org/")]
    [InlineData("http://user:secret@example.org/")]
    [InlineData("http:///path")]
    [InlineData("http://example.org:0/")]
    [InlineData("http://example.org:99999/")]
    [InlineData("http://example.org:/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://127.1/")]
    [InlineData("http://0x7f.0.0.1/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://exa..mple.org/")]
    [InlineData("http://example.org#x")]
    [InlineData(@"http://example.org\@evil.org/")]
    [InlineData("http://[fe80::1%25eth0]/")]
    public void Target_that_readers_could_differ_on_is_refused(string text) => Assert.Throws<HttpFault>(() => Target.OfRequest(text));

    [Theory]
    [InlineData("example.org:443", "example.org", 443)]
    [InlineData("[::1]:443", "::1", 443)]
    public void Tunnel_is_for_host_and_port(string text, string host, int port) =>
        Assert.Equal((host, port), (Target.OfConnect(text).Host, Target.OfConnect(text).Port));

    [Theory]
    [InlineData("example.org")]
    [InlineData("http://example.org:443")]
    [InlineData("a@b:443")]
    [InlineData(":443")]
    [InlineData("::1:443")]
    public void Tunnel_for_anything_else_is_refused(string text) => Assert.Throws<HttpFault>(() => Target.OfConnect(text));

    [Theory]
    [InlineData("169.254.169.254", true)]
    [InlineData("::ffff:169.254.169.254", true)]
    [InlineData("64:ff9b::a9fe:a9fe", true)]
    [InlineData("2002:a9fe:a9fe::1", true)]
    [InlineData("::a9fe:a9fe", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd00:ec2::254", true)]
    [InlineData("100.100.100.200", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("10.0.0.1", false)]
    public void Metadata_addresses_are_known_however_they_are_written(string address, bool isGuarded) =>
        Assert.Equal(isGuarded, AddressGuard.IsGuarded(IPAddress.Parse(address)));

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("5;name=\"v\"\r\nhello\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", "helloabc")]
    [InlineData("5\nhello\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhelloX\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhello\n0\r\n\r\n", null)]
    [InlineData("-5\r\nhello\r\n0\r\n\r\n", null)]
    [InlineData("0x5\r\nhello\r\n0\r\n\r\n", null)]
    [InlineData("fffffffffffffffff\r\n", null)]
    [InlineData("5 \r\nhello\r\n0\r\n\r\n", null)]
    [InlineData("5\r\nhel", null)]
    public async Task Chunks_are_read_without_their_framing_or_refused(string text, string? expected)
    {
        var body = new BodyReader(new MessageReader(new MemoryStream(Bytes(text)), 4096), new BodyFraming(BodyKind.Chunked), 400);
        var read = new StringBuilder();
        var buffer = new byte[3];
        string? got;
        try
        {
            while (await body.ReadAsync(buffer, default) is var count and > 0)
            {
                read.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }

            got = read.ToString();
        }
        catch (HttpFault)
        {
            got = null;
        }

        Assert.Equal(expected, got);
    }
}
