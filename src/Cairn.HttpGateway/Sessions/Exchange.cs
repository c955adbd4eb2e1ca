using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;

namespace Cairn.HttpGateway.Sessions;

/// <summary>One POST with its messages, and the requests in it that are not answered yet.</summary>
/// <param name="Scanned">The messages.</param>
/// <param name="Body">Their bytes.</param>
/// <param name="Requests">The client's requests, in their order.</param>
/// <param name="Table">Where answers to them are looked up: the session's, or, where there is no session, this exchange's own.</param>
internal sealed record Exchange(ScannedLine Scanned, ReadOnlyMemory<byte> Body, IReadOnlyList<PendingRequest> Requests, RequestTable Table)
{
    /// <summary>Records that must be durable before the messages may pass: null each, or why not.</summary>
    public IReadOnlyList<Task<string?>> Evidence { get; init; } = [];

    /// <summary>Why nothing may pass at all; null: nothing is in the way.</summary>
    public string? Obstacle { get; init; }

    /// <summary>Requests that are actions.</summary>
    public IEnumerable<(PendingRequest Request, OpenAction Action)> Actions => Requests.Where(r => r.Action is not null).Select(r => (r, r.Action!));

    /// <summary>The message that a request stands in.</summary>
    public McpMessage MessageOf(PendingRequest request) => Scanned.Messages.Where(m => m.Kind == MessageKind.Request && m.Id is not null).ElementAt(IndexOf(request));

    private int IndexOf(PendingRequest request)
    {
        for (var i = 0; i < Requests.Count; i++)
        {
            if (ReferenceEquals(Requests[i], request))
            {
                return i;
            }
        }

        throw new ArgumentException("the request is none of this exchange", nameof(request));
    }
}

/// <summary>What is to be done with a message of the server's.</summary>
/// <param name="Evidence">Records that must be durable before it may pass.</param>
/// <param name="Withheld">Ids of answers in it whose receiver gets an error instead where they are not.</param>
/// <param name="Asked">Requests of the server in it.</param>
/// <param name="Answered">How many unanswered requests it answers.</param>
/// <param name="IsUnderstood">It is JSON-RPC and means one thing.</param>
internal sealed record FromServer(
    IReadOnlyList<Task<string?>> Evidence, IReadOnlyList<MessageId> Withheld, IReadOnlyList<PendingRequest> Asked, int Answered, bool IsUnderstood);
