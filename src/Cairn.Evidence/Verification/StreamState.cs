using System.Text;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Verification;

/// <summary>What is remembered of one stream while a bundle is read.</summary>
internal sealed class StreamState(StreamId stream, SpiffeId issuer, EmitterRule? rule)
{
    public StreamId Stream { get; } = stream;

    public SpiffeId Issuer { get; } = issuer;

    public byte[] IssuerText { get; } = Encoding.UTF8.GetBytes(issuer.ToString());

    /// <summary>What the trust policy says of the issuer; null when nothing.</summary>
    public EmitterRule? Rule { get; } = rule;

    /// <summary>The last statement's ordinal in the stream; -1 before the first.</summary>
    public long LastSeq { get; set; } = -1;

    public Digest LastHash { get; set; }

    /// <summary>The ordinal that the next record of the trail should have.</summary>
    public long NextRecord { get; set; }

    public long Records { get; set; }

    /// <summary>Whether the last record was a task.ended, or there is no part to end.</summary>
    public bool Ended { get; set; }

    /// <summary>It declared gaps in a trail that is not its own, and wrote nothing else: there is no part to end.</summary>
    public bool OnlyGaps { get; set; } = true;

    /// <summary>Requested actions without an outcome; true when the outcome so far is "accepted".</summary>
    public Dictionary<RecordId, bool> Open { get; } = [];

    public DateTimeOffset LastTime { get; set; } = DateTimeOffset.MinValue;

    public string RoleName => Rule is null ? "unknown" : Rule.Role.ToString().ToLowerInvariant();

    /// <summary>Accepts a statement's place in its stream, or says why not.</summary>
    public void Follow(SignedStatement statement, string subject, FailureList failures)
    {
        var payload = statement.Payload;
        if (payload.Seq <= LastSeq)
        {
            failures.Add(ReasonCodes.StreamOrder, "statement", subject, $"ordinal {LastSeq + 1} or later of stream {Stream}", $"{payload.Seq}: it stands in another order than it was made, or twice");
            return;
        }

        if (payload.Seq == LastSeq + 1 && LastSeq >= 0 && payload.Previous != LastHash)
        {
            failures.Add(ReasonCodes.StreamPrevious, "statement", subject, $"the previous statement's hash {LastHash}", payload.Previous.ToString());
        }

        (LastSeq, LastHash) = (payload.Seq, statement.Hash);
    }
}
