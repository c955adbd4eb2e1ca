using Cairn.Gateway.Admission;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Framing;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Forwarding;

/// <summary>What is to be done with one line that was read: forwarded once its evidence is durable, or answered.</summary>
/// <param name="Line">The line as read; disposed with the passage.</param>
/// <param name="Forward">The bytes to pass on; empty when nothing passes.</param>
internal sealed record Passage(Line Line, ReadOnlyMemory<byte> Forward) : IDisposable
{
    /// <summary>The records that must be durable first: each task gives null, or why its record is not.</summary>
    public IReadOnlyList<Task<string?>> Evidence { get; init; } = [];

    /// <summary>The requests in the line, to be answered should it be refused.</summary>
    public IReadOnlyList<PendingRequest> Requests { get; init; } = [];

    /// <summary>The ids of answers in the line that the receiver may act on only with evidence: it gets an error instead should the line be refused.</summary>
    public IReadOnlyList<MessageId> Withheld { get; init; } = [];

    /// <summary>The line is a JSON-RPC batch.</summary>
    public bool IsBatch { get; init; }

    /// <summary>What must happen to single messages of the line before it passes; null: it passes whole.</summary>
    public PassageGuard? Guard { get; init; }

    /// <summary>The line outlives the passage: a message of it has stepped aside.</summary>
    public bool KeepsLine { get; set; }

    /// <summary>What is written back to the sender at once; null when nothing is.</summary>
    public byte[]? Reply { get; init; }

    public void Dispose()
    {
        if (!KeepsLine)
        {
            Line.Dispose();
        }
    }
}

/// <summary>What becomes of the single messages of a line where a policy decides.</summary>
/// <param name="Messages">All messages of the line.</param>
/// <param name="Admissions">Those that the pipeline is asked about.</param>
/// <param name="Dropped">Those that do not pass.</param>
/// <param name="Follows">Messages of earlier lines that this one must not overtake although they may have stepped aside: those that it cancels.</param>
/// <param name="Changes">Changes to messages that nobody is asked about.</param>
internal sealed record PassageGuard(
    IReadOnlyList<McpMessage> Messages, IReadOnlyList<MessageAdmission> Admissions, IReadOnlySet<McpMessage> Dropped,
    IReadOnlyList<MessageAdmission> Follows, IReadOnlyDictionary<McpMessage, IReadOnlyList<LineSplice>> Changes);
