using System.Text;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Replies;
using Cairn.HttpGateway.Sessions;
using Cairn.HttpGateway.Upstreams;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// Passes an event stream of the server's to the caller, each event at once and byte for byte, once the evidence that it
/// needs is durable: what the server asks of the client, and answers that ask for input.
/// </summary>
/// <param name="endpoint">The route.</param>
/// <param name="session">The session.</param>
/// <param name="table">The requests that the stream may answer; null: those of the session.</param>
/// <param name="caller">The caller's side.</param>
internal sealed class ServerEvents(RouteEndpoint endpoint, McpSession session, RequestTable? table, CallerStream caller)
{
    /// <summary>The stream has an event with an id: it can be resumed.</summary>
    public bool IsResumable { get; private set; }

    /// <summary>Passes the stream to its end.</summary>
    /// <param name="stream">The server's stream.</param>
    /// <param name="cancellationToken">Nobody wants the rest.</param>
    /// <param name="heard">Told after each event.</param>
    /// <exception cref="IOException">One of the two connections broke.</exception>
    public async Task PassAsync(Stream stream, CancellationToken cancellationToken, Action? heard = null)
    {
        using var reader = new EventStreamReader(stream, endpoint.Configuration.Limits.MessageBytes, endpoint.FromServers);
        var isLong = false;
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } piece)
        {
            IsResumable |= piece.HasId;
            if (piece.IsTooLong && !isLong)
            {
                session.Declare("message_too_large", "server", $"an event is longer than {endpoint.Configuration.Limits.MessageBytes} bytes; it passed unread");
            }

            isLong = piece.IsTooLong;
            var instead = piece.Data is { IsEmpty: false } data ? await RefusalOfAsync(data, cancellationToken).ConfigureAwait(false) : null;
            await caller.WriteAsync(instead ?? piece.Raw, cancellationToken).ConfigureAwait(false);
            heard?.Invoke();
        }
    }

    /// <summary>Takes a message of the server's.</summary>
    /// <returns>Null when its event passes; otherwise what the caller gets in its place.</returns>
    private async Task<ReadOnlyMemory<byte>?> RefusalOfAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var taken = session.TakeFromServer(message, table);
        string? reason = null;
        foreach (var evidence in taken.Evidence)
        {
            reason = await evidence.ConfigureAwait(false) ?? reason;
        }

        if (reason is null)
        {
            return null;
        }

        session.Refuse(taken.Asked);
        if (taken.Asked.Count > 0)
        {
            await TellServerAsync(Refusals.WithoutEvidence(taken.Asked, reason, taken.Asked.Count > 1), cancellationToken).ConfigureAwait(false);
        }

        return taken.Withheld.Count > 0
            ? EventFields.Write(Refusals.Withheld(taken.Withheld, reason, taken.Withheld.Count > 1))
            : Encoding.UTF8.GetBytes(": withheld\n\n");
    }

    /// <summary>Answers the server's requests in the client's place.</summary>
    private async Task TellServerAsync(byte[] answer, CancellationToken cancellationToken)
    {
        using var request = endpoint.Server.Request(HttpMethod.Post);
        request.Content = new ByteArrayContent(answer);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (session.Key.Id is { } id)
        {
            request.Headers.TryAddWithoutValidation("Mcp-Session-Id", id);
        }

        if (session.Protocol is { } protocol)
        {
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", protocol);
        }

        try
        {
            using var response = await endpoint.Server.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            await endpoint.Log.WriteLineAsync($"cairn: {endpoint.Route.Path}: the server could not be told that its request was refused ({e.HttpRequestError})").ConfigureAwait(false);
        }
    }
}
