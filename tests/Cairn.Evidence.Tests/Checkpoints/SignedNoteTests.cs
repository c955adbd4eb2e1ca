using System.Text;
using Cairn.Evidence.Checkpoints;
using CsCheck;

namespace Cairn.Evidence.Tests.Checkpoints;

public class SignedNoteTests
{
    private static readonly Gen<string> Words = Gen.String[Gen.Char["abc/.é語\n —+"], 0, 30];

    [Fact]
    public void A_body_may_hold_empty_lines_since_the_last_one_separates()
    {
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes("a\n\nb\n\n— k AAAAAQI=\n"));

        Assert.Equal("a\n\nb\n", note.Body);
        Assert.Equal(new NoteSignature("k", 1, new byte[] { 2 }), note.Signatures[0]);
    }

    [Theory]
    [InlineData("a\n", "empty line")]
    [InlineData("a\n\n", "signature line")]
    [InlineData("a\n\n— k AAAAAQI=", "newline")]
    [InlineData("a\n\n- k AAAAAQI=\n", "signature line 1")]
    [InlineData("a\n\n— k AAAAAQI=\nnot a signature\n", "signature line 2")]
    [InlineData("a\n\n— k AAAAAQI= \n", "signature line 1")]
    [InlineData("a\n\n—  AAAAAQI=\n", "signature line 1")]
    [InlineData("a\n\n— k AAAAAQJ=\n", "canonical base64")]
    [InlineData("a\n\n— k AAAAAQI\n", "canonical base64")]
    [InlineData("a\n\n— k AAAAAQ-_\n", "canonical base64")]
    [InlineData("a\n\n— k AAAAAQ==\n", "too few")]
    [InlineData("a\n\n— k+ AAAAAQI=\n", "signature line 1")]
    [InlineData("a\n\n— k\u3000 AAAAAQI=\n", "signature line 1")]
    [InlineData("a\n\n— k\u0085 AAAAAQI=\n", "signature line 1")]
    [InlineData("a\r\n\n— k AAAAAQI=\n", "control character")]
    [InlineData("a\tb\n\n— k AAAAAQI=\n", "control character")]
    [InlineData("a\n\n— k\u0001 AAAAAQI=\n", "signature line 1")]
    public void A_note_in_any_other_form_is_refused_with_its_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<EvidenceFormatException>(() => SignedNote.Parse(Encoding.UTF8.GetBytes(text))).Message);

    [Theory]
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { 0xc0, 0x80 })]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 })]
    public void Invalid_utf8_is_refused_by_its_place(byte[] bad) =>
        Assert.Contains("byte 2", Assert.Throws<EvidenceFormatException>(() => SignedNote.Parse([.. "ab"u8, .. bad, .. "\n\n— k AAAAAQI=\n"u8])).Message);

    [Theory]
    [InlineData(16)]
    [InlineData(SignedNote.MaxSignatures)]
    public void Many_signatures_are_read_in_order(int count)
    {
        var signatures = Enumerable.Range(0, count).Select(i => new NoteSignature($"k{i}", (uint)i, new byte[2428])).ToList();

        Assert.Equal(signatures, SignedNote.Parse(new SignedNote("a\n", signatures).Encode()).Signatures);
    }

    [Fact]
    public void More_signatures_and_longer_notes_than_the_bounds_are_refused()
    {
        var one = new NoteSignature("k", 1, new byte[1]);

        Assert.Contains("1 to 1000", Assert.Throws<EvidenceFormatException>(
            () => SignedNote.Parse(new SignedNote("a\n", [.. Enumerable.Repeat(one, 1001)]).Encode())).Message);
        Assert.Contains("at most", Assert.Throws<EvidenceFormatException>(() => SignedNote.Parse(new byte[SignedNote.MaxBytes + 1])).Message);
    }

    [Fact]
    public void An_unknown_signers_name_may_be_long_and_odd()
    {
        var odd = new NoteSignature(new string('x', 3000) + "\u007f\u00ad—é", 5, new byte[1]);

        Assert.Equal(odd, Assert.Single(SignedNote.Parse(new SignedNote("a\n", [odd]).Encode()).Signatures));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a+b")]
    [InlineData("a\nb")]
    public void A_name_that_no_reader_takes_is_not_written(string name) =>
        Assert.Throws<EvidenceFormatException>(() => new SignedNote("a\n", [new NoteSignature(name, 1, new byte[1])]));

    [Fact]
    public void Half_of_a_surrogate_pair_is_neither_a_name_nor_a_text()
    {
        Assert.Throws<EvidenceFormatException>(() => new SignedNote("a\n", [new NoteSignature("a\ud800", 1, new byte[1])]));
        Assert.Throws<EvidenceFormatException>(() => new SignedNote("a\ud800\n", []));
    }

    [Fact]
    public void Notes_are_read_as_they_were_written() =>
        Gen.Select(Words, Gen.Select(Gen.String[Gen.Char["ab/é."], 1, 9], Gen.UInt, Gen.Byte.Array[1, 90]).Array[1, 20]).Sample((body, lines) =>
        {
            var note = new SignedNote(body + "\n", [.. lines.Select(line => new NoteSignature(line.Item1, line.Item2, line.Item3))]);
            var again = SignedNote.Parse(note.Encode());

            Assert.Equal(note.Body, again.Body);
            Assert.Equal(note.Signatures, again.Signatures);
        });

    [Fact]
    public void Any_bytes_are_either_exactly_a_note_or_refused() =>
        Gen.Select(Words, Words, Gen.Byte.Array[0, 6]).Sample((a, b, c) =>
        {
            byte[] bytes = [.. Encoding.UTF8.GetBytes($"{a}\n\n— {b}"), .. c, (byte)'\n'];
            try
            {
                Assert.Equal(bytes, SignedNote.Parse(bytes).Encode());
            }
            catch (EvidenceFormatException problem)
            {
                Assert.StartsWith("signed note", problem.Message);
            }
        });
}
