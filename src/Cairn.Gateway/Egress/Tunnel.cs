using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Tasks;

namespace Cairn.Gateway.Egress;

/// <summary>
/// One <c>CONNECT</c> (RFC 9110 §9.3.6): decided and recorded by host and port, then bytes both ways, counted and not looked
/// into.
/// </summary>
internal sealed class Tunnel(ProxyWork work, MessageHead head, MessageReader reader, WatchedStream client)
{
    private static readonly byte[] Established = "HTTP/1.1 200 Connection Established\r\n\r\n"u8.ToArray();

    private long _sent;
    private long _received;
    private long _moved = Environment.TickCount64;

    /// <summary>Passes it to its end; the client's connection ends with it.</summary>
    /// <exception cref="HttpFault">The request is not one that is passed on; nothing was answered.</exception>
    public async Task PassAsync(CancellationToken ct)
    {
        if (BodyFraming.OfRequest(head).Kind != BodyKind.None)
        {
            throw new HttpFault(400, "expected CONNECT without a body");
        }

        var target = Target.OfConnect(head.StartLine.Second);
        var (part, parent) = work.Parts.For(ProxyWork.CallerOf(head));
        var permit = await work.Pipeline.BeginAsync(Propose(part, parent, target), null, ct).ConfigureAwait(false);
        if (permit.Refusal is { } refusal)
        {
            await client.WriteAsync(ProxyWork.Refused(refusal), ct).ConfigureAwait(false);
            return;
        }

        var result = await CarryAsync(target, permit, ct).ConfigureAwait(false);
        await permit.CompleteAsync(result with
        {
            Attributes = new Dictionary<string, object> { ["cairn.egress.bytes_sent"] = _sent, ["cairn.egress.bytes_received"] = _received },
        }).ConfigureAwait(false);
    }

    private async Task<ActionResult> CarryAsync(Target target, ActionPermit permit, CancellationToken ct)
    {
        try
        {
            using var host = new WatchedStream(await work.Upstream.ConnectAsync(target, permit.Way.IsAllowed, ct).ConfigureAwait(false), Side.Host, Timeout.InfiniteTimeSpan);
            await client.WriteAsync(Established, ct).ConfigureAwait(false);
            client.Silence = Timeout.InfiniteTimeSpan; // one direction may be silent while the other is not
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var up = PassAsync(count => _sent += count, host, reader.ReadAsync, ending.Token);
            var down = PassAsync(count => _received += count, client, host.ReadAsync, ending.Token);
            try
            {
                await WatchAsync(up, down, ct).ConfigureAwait(false);
            }
            finally
            {
                await ending.CancelAsync().ConfigureAwait(false);
                await Task.WhenAny(Task.WhenAll(up, down)).ConfigureAwait(false);
            }

            return new ActionResult(ActionStatus.Ok);
        }
        catch (UpstreamException e)
        {
            await TellAsync(e.Status, e.Code, e.Message, ct).ConfigureAwait(false);
            return new ActionResult(e.Code == "address_guarded" ? ActionStatus.Refused : ActionStatus.Lost) { ErrorCode = e.Code, ErrorMessage = e.Message };
        }
        catch (ConnectionLostException e)
        {
            return new ActionResult(e.Side == Side.Client ? ActionStatus.Cancelled : ActionStatus.Lost)
            {
                ErrorCode = e.IsTimeout ? "timeout" : e.Side == Side.Client ? "client_gone" : "connection_lost",
                ErrorMessage = e.Message,
            };
        }
        catch (OperationCanceledException)
        {
            return new ActionResult(ActionStatus.Cancelled) { ErrorCode = "proxy_ended", ErrorMessage = "the proxy was told to end" };
        }
    }

    /// <summary>Waits until both directions have ended, one has failed, or nothing has moved for too long.</summary>
    private async Task WatchAsync(Task up, Task down, CancellationToken ct)
    {
        var all = Task.WhenAll(up, down);
        while (!all.IsCompleted)
        {
            var first = await Task.WhenAny(all, up.IsCompleted ? down : up, down.IsCompleted ? up : down, Task.Delay(TimeSpan.FromSeconds(1), ct)).ConfigureAwait(false);
            await first.ConfigureAwait(false);
            if (TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _moved)) > work.Options.IdleTimeout)
            {
                throw new ConnectionLostException(Side.Host, isTimeout: true);
            }
        }

        await all.ConfigureAwait(false);
    }

    private async Task PassAsync(Action<int> count, WatchedStream to, Func<Memory<byte>, CancellationToken, ValueTask<int>> read, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        while (await read(buffer, ct).ConfigureAwait(false) is var some and > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, some), ct).ConfigureAwait(false);
            count(some);
            Volatile.Write(ref _moved, Environment.TickCount64);
        }

        to.EndSending();
    }

    private async Task TellAsync(int status, string code, string message, CancellationToken ct)
    {
        try
        {
            await client.WriteAsync(ProxyAnswer.Problem(status, code, message), ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
        {
            // Nobody is there to be told; the record tells it.
        }
    }

    private static ProposedAction Propose(TaskPart part, SpanId parent, Target target)
    {
        using var input = new MemoryStream();
        using (var writer = new Utf8JsonWriter(input))
        {
            writer.WriteStartObject();
            writer.WriteString("method"u8, "CONNECT"u8);
            writer.WriteString("host"u8, target.Host);
            writer.WriteNumber("port"u8, target.Port);
            writer.WriteEndObject();
        }

        return new ProposedAction
        {
            Caller = part.Identity,
            Trace = part.Trace,
            Parent = parent,
            Task = part.Span,
            Type = "http.request",
            Name = "CONNECT",
            Resource = target.Resource,
            Server = target.Host,
            Input = input.ToArray(),
            Attributes = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["http.request.method"] = "CONNECT",
                ["server.address"] = ResourceNames.Bounded(target.Host, 256),
                ["server.port"] = target.Port,
            },
        };
    }
}
