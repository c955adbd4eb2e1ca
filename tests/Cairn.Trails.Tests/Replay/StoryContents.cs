using System.Text;
using Cairn.Evidence.Records;
using Cairn.Trails.Contents;

namespace Cairn.Trails.Tests.Replay;

/// <summary>Contents beside a story, by record and member; commitments are told apart by equality of bytes.</summary>
internal sealed class StoryContents : IKeptContents
{
    private readonly Dictionary<(string Record, string Member), byte[]> _contents = [];

    /// <summary>Whether contents can be read, and not only compared.</summary>
    public bool AreKept { get; init; } = true;

    /// <summary>Whether candidates can be compared.</summary>
    public bool HasKeys { get; init; } = true;

    public void Add(Evidence.RecordId record, string member, string json) => _contents[(record.ToString(), member)] = Encoding.UTF8.GetBytes(json);

    public KeptContent Find(Record record, string member) =>
        AreKept && _contents.TryGetValue((record.Id.ToString(), member), out var bytes) ? new KeptContent(bytes, false, null) : new KeptContent(null, false, $"the {member} was not kept");

    public bool? Matches(Record record, string member, ReadOnlySpan<byte> candidate) =>
        HasKeys && _contents.TryGetValue((record.Id.ToString(), member), out var bytes) ? candidate.SequenceEqual(bytes) : null;
}
