using Cairn.Evidence.Records;
using CsCheck;

namespace Cairn.Evidence.Tests.Identifiers;

public sealed class SpanIdTests
{
    private static readonly Gen<string> Texts = Gen.ULong[1, ulong.MaxValue].Select(value => value.ToString("x16"));

    /// <summary>The law: text and UTF-8 are read alike and written back as they were; order is that of the texts.</summary>
    [Fact]
    public void Span_id_is_written_as_it_was_read_and_ordered_as_its_text() => Gen.Select(Texts, Texts).Sample((one, other) =>
    {
        var (a, b) = (SpanId.Parse(one), SpanId.Parse(other));
        Span<byte> text = stackalloc byte[SpanId.TextLength];
        a.Format(text);
        return a.ToString() == one && System.Text.Encoding.ASCII.GetString(text) == one
            && SpanId.TryParse(System.Text.Encoding.ASCII.GetBytes(one), out var again) && again == a && again.GetHashCode() == a.GetHashCode()
            && Math.Sign(a.CompareTo(b)) == Math.Sign(string.CompareOrdinal(one, other)) && (a == b) == (one == other);
    });

    [Theory]
    [InlineData("0000000000000000")]
    [InlineData("00F067AA0BA902B7")]
    [InlineData("00f067aa0ba902b")]
    [InlineData("00f067aa0ba902b70")]
    [InlineData("")]
    public void Span_id_of_another_form_is_refused(string text)
    {
        Assert.False(SpanId.TryParse(text, out _));
        Assert.False(SpanId.TryParse(System.Text.Encoding.ASCII.GetBytes(text), out _));
        Assert.Throws<EvidenceFormatException>(() => SpanId.Parse(text));
    }

    [Fact]
    public void Span_id_needs_room_for_its_text() =>
        Assert.Throws<ArgumentException>(() => SpanId.New().Format(new byte[SpanId.TextLength - 1]));

    [Fact]
    public void Record_ids_are_ordered_as_their_texts() => Gen.Select(Gen.Long[0, 4_000_000_000_000], Gen.Long[0, 4_000_000_000_000]).Sample((one, other) =>
    {
        var (a, b) = (RecordId.New(DateTimeOffset.FromUnixTimeMilliseconds(one)), RecordId.New(DateTimeOffset.FromUnixTimeMilliseconds(other)));
        return Math.Sign(a.CompareTo(b)) == Math.Sign(string.CompareOrdinal(a.ToString(), b.ToString()));
    });

    [Fact]
    public void Actors_that_share_a_place_are_told_apart()
    {
        for (var i = 0; i < 500; i++)
        {
            var actor = new Actor(SpiffeId.Parse($"spiffe://example.org/agent/{i % 200}"), $"host:{i}", "");
            var bytes = RecordWriter.Write(
                new RecordHeader(RecordId.New(DateTimeOffset.UtcNow), RecordKinds.ActionRequested, DateTimeOffset.UtcNow, TraceId.New(), SpanId.New(), null, null, 0, actor), _ => { });
            Assert.Equal(actor, Record.Parse(bytes).Actor);
        }
    }
}
