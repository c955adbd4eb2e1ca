using System.Text;
using Cairn.Gateway.Framing;
using CsCheck;

namespace Cairn.Gateway.Tests.Framing;

public sealed class LineReaderTests
{
    private static List<(string Text, LineKind Kind)> ReadAll(byte[] input, int maxLine, int readSize = int.MaxValue)
    {
        using var stream = new ChoppedStream(input, readSize);
        var reader = new LineReader(stream, maxLine);
        var lines = new List<(string, LineKind)>();
        while (reader.Read() is { } line)
        {
            using (line)
            {
                lines.Add((Encoding.Latin1.GetString(line.Bytes.Span), line.Kind));
            }
        }

        return lines;
    }

    [Fact]
    public void Reader_keeps_every_byte_whatever_the_input_and_the_read_sizes()
    {
        var bytes = Gen.Select(Gen.Byte, Gen.Int[0, 9], (b, newline) => newline == 0 ? (byte)'\n' : b).Array[0, 400];
        Gen.Select(bytes, Gen.Int[1, 50], Gen.Int[2, 60]).Sample((input, readSize, maxLine) =>
        {
            var lines = ReadAll(input, maxLine, readSize);
            Assert.Equal(Encoding.Latin1.GetString(input), string.Concat(lines.Select(l => l.Text)));
            Assert.All(lines, l => Assert.InRange(l.Text.Length, l.Kind == LineKind.LastFragment ? 0 : 1, maxLine));
        });
    }

    [Fact]
    public void Reader_ends_a_line_at_a_line_feed_and_nowhere_else()
    {
        var lines = ReadAll("a\rb\u0085c\r\n\n d"u8.ToArray(), 1000);

        Assert.Equal(["a\rbÂ\u0085c\r\n", "\n", " d"], lines.Select(l => l.Text));
        Assert.All(lines, l => Assert.Equal(LineKind.Whole, l.Kind));
    }

    [Fact]
    public void Reader_hands_out_a_line_over_the_limit_in_fragments_and_goes_on_with_the_next()
    {
        var lines = ReadAll("0123456789\nok\n"u8.ToArray(), 4);

        Assert.Equal(
            [("0123", LineKind.Fragment), ("4567", LineKind.Fragment), ("89\n", LineKind.LastFragment), ("ok\n", LineKind.Whole)], lines);
    }

    [Fact]
    public void Reader_takes_a_line_of_exactly_the_limit_as_whole()
    {
        Assert.Equal([("123\n", LineKind.Whole)], ReadAll("123\n"u8.ToArray(), 4, 1));
    }

    [Fact]
    public void Line_message_is_without_its_terminator()
    {
        using var line = Line.Copy("{}\r\n"u8);

        Assert.Equal("{}", Encoding.UTF8.GetString(line.Message.Span));
        Assert.Equal(4, line.Length);
    }

    /// <summary>Gives at most so many bytes for each read, as a pipe does.</summary>
    private sealed class ChoppedStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, size));
    }
}
