using Cairn.Evidence.Decisions;
using CsCheck;

namespace Cairn.Evidence.Tests.Decisions;

/// <summary>What a record may hold of a text: docs/spec/verification.md §13.</summary>
public sealed class RecordedTextTests
{
    [Theory]
    [InlineData("as it is", "as it is")]
    [InlineData("token [redacted:value] was refused", "token abc was refused")]
    [InlineData("[redacted:header]", "anything")]
    [InlineData("[redacted:a] and [redacted:b]", "x and y and z")]
    [InlineData("ends with [redacted:jwt]", "ends with eyJ")]
    public void Text_is_recorded_with_markers_for_parts(string recorded, string text) => Assert.True(RecordedText.Is(recorded, text));

    [Theory]
    [InlineData("as it is", "as it was")]
    [InlineData("", "something")]
    [InlineData("token [redacted:value] was refused", "token abc was accepted")]
    [InlineData("token [redacted:value] was refused", "a token abc was refused")]
    [InlineData("a[redacted:x]a", "a")]
    [InlineData("[redacted: no marker]", "anything")]
    [InlineData("cut short…", "cut short and more")]
    public void Other_text_is_not(string recorded, string text) => Assert.False(RecordedText.Is(recorded, text));

    [Fact]
    public void Law_a_long_text_is_recorded_by_its_beginning() =>
        Gen.Select(Gen.Char['a', 'z'].Array[513, 700], Gen.Int[511, 512]).Sample((letters, length) =>
        {
            var text = new string(letters);
            Assert.True(RecordedText.Is(text[..(length - 1)] + "…", text));
            Assert.False(RecordedText.Is("?" + text[1..(length - 1)] + "…", text));
            Assert.False(RecordedText.Is(text[..200] + "…", text));
        });

    [Theory]
    [InlineData("[reda")]
    [InlineData("[redacted:val")]
    public void Marker_that_was_cut_says_nothing(string beginning)
    {
        var recorded = new string('a', 511 - beginning.Length) + beginning + "…";

        Assert.True(RecordedText.Is(recorded, new string('a', 511 - beginning.Length) + "secret and more"));
    }

    [Fact]
    public void List_is_recorded_by_its_first_texts_and_the_number_of_the_rest()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"p{i}")];

        Assert.True(RecordedText.Is([.. texts.Take(32), "… and 8 more"], texts));
        Assert.False(RecordedText.Is([.. texts.Take(32), "… and 7 more"], texts));
        Assert.False(RecordedText.Is([.. texts.Take(31), "… and 9 more"], texts));
        Assert.False(RecordedText.Is(texts, texts));
        Assert.True(RecordedText.Is(texts[..32], texts[..32]));
        Assert.False(RecordedText.Is(texts[..31], texts[..32]));
    }
}
