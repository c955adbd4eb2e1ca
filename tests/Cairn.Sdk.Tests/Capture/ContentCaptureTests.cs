using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;

namespace Cairn.Sdk.Tests.Capture;

public class ContentCaptureTests
{
    private const string Harmless = """{"path":"/tmp/report.txt","lines":12}""";
    private const string Telling = """{"path":"/tmp/report.txt","api_key":"k-55aa","note":"héllo"}""";
    private static readonly TraceId Trace = TraceId.New();
    private static readonly RecordId Record = RecordId.New(DateTimeOffset.UtcNow);
    private readonly Keys _keys = new();

    [Theory]
    [InlineData(CaptureProfile.Metadata, Harmless, ContentHandling.None)]
    [InlineData(CaptureProfile.Metadata, Telling, ContentHandling.None)]
    [InlineData(CaptureProfile.Redacted, Harmless, ContentHandling.Redacted)]
    [InlineData(CaptureProfile.Redacted, Telling, ContentHandling.Redacted)]
    [InlineData(CaptureProfile.Full, Harmless, ContentHandling.Full)]
    [InlineData(CaptureProfile.Full, Telling, ContentHandling.Redacted)]
    public void Hold_keeps_what_the_profile_allows_and_never_a_secret(CaptureProfile profile, string content, ContentHandling expected)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var (held, contents) = ContentCapture.Hold(profile, _keys, Trace, Record, "input", "application/json", bytes);

        Assert.Equal(expected, held.Content);
        Assert.Equal(bytes.Length, held.Bytes);
        Assert.True(Commitment.Matches(held.Value, Commitment.CommitmentKey(_keys.Key, Record, "input"), bytes));
        if (expected == ContentHandling.None)
        {
            Assert.Empty(contents);
            return;
        }

        var kept = Assert.Single(contents).Open(_keys.Key);
        Assert.DoesNotContain("k-55aa", Encoding.UTF8.GetString(kept), StringComparison.Ordinal);
        Assert.Contains("/tmp/report.txt", Encoding.UTF8.GetString(kept), StringComparison.Ordinal);
        var (value, keyMember) = held.ForKept("input");
        Assert.True(Commitment.Matches(value, Commitment.CommitmentKey(_keys.Key, Record, keyMember), kept));
    }

    [Fact]
    public void Key_of_the_redacted_form_does_not_open_the_commitment_to_the_original()
    {
        var bytes = Encoding.UTF8.GetBytes(Telling);
        var (held, _) = ContentCapture.Hold(CaptureProfile.Redacted, _keys, Trace, Record, "input", "application/json", bytes);
        var disclosed = Commitment.CommitmentKey(_keys.Key, Record, held.ForKept("input").KeyMember);

        Assert.False(Commitment.Matches(held.Value, disclosed, bytes));
    }

    [Fact]
    public void Commitment_with_a_redacted_form_survives_its_JSON_and_is_refused_without_one()
    {
        var (held, _) = ContentCapture.Hold(CaptureProfile.Redacted, _keys, Trace, Record, "input", "application/json", Encoding.UTF8.GetBytes(Telling));
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            held.WriteTo(writer, "input");
            writer.WriteEndObject();
        }

        using var written = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(held, HeldCommitment.Parse(written.RootElement.GetProperty("input")));

        using var stripped = JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray()).Replace("redacted_commitment", "other", StringComparison.Ordinal));
        Assert.Throws<EvidenceFormatException>(() => HeldCommitment.Parse(stripped.RootElement.GetProperty("input")));
    }

    [Fact]
    public void Content_above_the_limit_is_committed_to_and_not_kept()
    {
        var (held, contents) = ContentCapture.Hold(
            CaptureProfile.Full, _keys, Trace, Record, "output", "application/octet-stream", new byte[ContentCapture.MaxKeptBytes + 1]);
        Assert.Equal(ContentHandling.None, held.Content);
        Assert.Empty(contents);
    }

    private sealed class Keys : ITrailKeys
    {
        public byte[] Key { get; } = RandomNumberGenerator.GetBytes(32);

        public byte[] KeyFor(TraceId trace) => Key;
    }
}
