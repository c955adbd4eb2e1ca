using System.Globalization;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Tasks;
using Cairn.Identity.Credentials;

namespace Cairn.Gateway.Egress;

/// <summary>
/// One plain HTTP request and its response: read strictly, decided and recorded, then passed on with framings of this proxy's
/// own, so that the origin server can't take anything of it for another request. Bodies pass piece by piece.
/// </summary>
internal sealed class PlainExchange(ProxyWork work, MessageHead head, MessageReader reader, WatchedStream client)
{
    private readonly byte[] _toHost = new byte[32 * 1024];
    private readonly byte[] _toClient = new byte[32 * 1024];
    private bool _answered;
    private string? _status;

    /// <summary>Passes it.</summary>
    /// <returns>Whether the connection may carry a further request.</returns>
    /// <exception cref="HttpFault">The request is not one that is passed on; nothing was answered.</exception>
    /// <exception cref="ConnectionLostException">The client is gone.</exception>
    public async Task<bool> PassAsync(CancellationToken ct)
    {
        var framing = BodyFraming.OfRequest(head);
        var target = Target.OfRequest(head.StartLine.Second);
        CheckHost();
        if (ForwardedHead.IsLoop(head))
        {
            throw new HttpFault(508, "the request came through this proxy before");
        }

        var (part, parent) = work.Parts.For(ProxyWork.CallerOf(head));
        var permit = await work.Pipeline.BeginAsync(Propose(part, parent, target), null, ct).ConfigureAwait(false);
        if (permit.Refusal is { } refusal)
        {
            await client.WriteAsync(ProxyWork.Refused(refusal), ct).ConfigureAwait(false);
            return false;
        }

        var completed = work.Outlet.NewId();
        using var sent = Content(permit, part, completed, "request_body");
        using var received = Content(permit, part, completed, "output");
        var (result, keeps) = await CarryAsync(target, framing, permit, sent, received, ct).ConfigureAwait(false);
        await permit.CompleteAsync(result with
        {
            CompletedAs = completed,
            Streams =
            [
                .. framing.Kind == BodyKind.None ? Array.Empty<HeldStream>() : [sent.Finish(MediaOf(head))],
                .. _status is null ? Array.Empty<HeldStream>() : [received.Finish(_media)],
            ],
            Attributes = _status is null
                ? new Dictionary<string, object>()
                : new Dictionary<string, object> { ["http.response.status_code"] = int.Parse(_status, CultureInfo.InvariantCulture) },
        }).ConfigureAwait(false);
        return keeps;
    }

    private string _media = "application/octet-stream";

    private async Task<(ActionResult Result, bool Keeps)> CarryAsync(
        Target target, BodyFraming framing, ActionPermit permit, StreamedContent sent, StreamedContent received, CancellationToken ct)
    {
        try
        {
            using var host = new WatchedStream(await work.Upstream.ConnectAsync(target, permit.Way.IsAllowed, ct).ConfigureAwait(false), Side.Host, work.Options.IdleTimeout);
            using var pumping = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await host.WriteAsync(ForwardedHead.Request(head, target, framing, permit.Context.ToString(), CredentialFields(permit.Credential, target)), ct).ConfigureAwait(false);
            var body = new BodyReader(reader, framing, 400);
            var pump = PumpAsync(body, new BodyWriter(host, framing.Kind), sent, pumping.Token);
            bool keeps;
            try
            {
                keeps = await AnswerAsync(host, pump, received, ct).ConfigureAwait(false);
            }
            catch
            {
                await StopAsync(pump, pumping).ConfigureAwait(false);
                throw;
            }

            // A response may come before the request is whole: the rest of it is then nobody's.
            var isWhole = pump.IsCompletedSuccessfully;
            await StopAsync(pump, pumping).ConfigureAwait(false);
            return (OutcomeOf(_status!), keeps && isWhole);
        }
        catch (UpstreamException e)
        {
            return (await FailAsync(e.Status, e.Code == "address_guarded" ? ActionStatus.Refused : ActionStatus.Lost, e.Code, e.Message, ct).ConfigureAwait(false), false);
        }
        catch (HttpFault e)
        {
            return (await FailAsync(e.Status, ActionStatus.ProtocolError, e.Status is 502 ? "response_malformed" : "request_malformed", e.Message, ct).ConfigureAwait(false), false);
        }
        catch (ConnectionLostException e) when (e.Side == Side.Host)
        {
            return (await FailAsync(e.IsTimeout ? 504 : 502, ActionStatus.Lost, e.IsTimeout ? "timeout" : "connection_lost", e.Message, ct).ConfigureAwait(false), false);
        }
        catch (ConnectionLostException e)
        {
            return (new ActionResult(ActionStatus.Cancelled) { ErrorCode = "client_gone", ErrorMessage = e.Message }, false);
        }
        catch (OperationCanceledException)
        {
            return (new ActionResult(ActionStatus.Cancelled) { ErrorCode = "proxy_ended", ErrorMessage = "the proxy was told to end" }, false);
        }
    }

    /// <summary>Passes the response on, interim ones first (RFC 9110 §15.2).</summary>
    private async Task<bool> AnswerAsync(WatchedStream host, Task pump, StreamedContent received, CancellationToken ct)
    {
        var answers = new MessageReader(host, work.Options.LongestHead);
        while (true)
        {
            var reading = answers.ReadHeadAsync(isRequest: false, ct).AsTask();
            await Task.WhenAny(reading, FaultOf(pump)).ConfigureAwait(false);
            if (!reading.IsCompleted)
            {
                // What the client sent is no body: that ends the exchange, whatever the host may still say.
                await pump.ConfigureAwait(false);
            }

            var answer = await reading.ConfigureAwait(false) ?? throw new ConnectionLostException(Side.Host, isTimeout: false);
            var status = answer.StartLine.Second;
            if (status[0] == '1')
            {
                if (status == "101")
                {
                    throw new HttpFault(502, "expected no switch of protocols: none was asked for");
                }

                if (head.StartLine.Third == "HTTP/1.1")
                {
                    await client.WriteAsync(ForwardedHead.Response(answer, default, null, closes: false), ct).ConfigureAwait(false);
                }

                continue;
            }

            return await AnswerAsync(answer, answers, pump, received, ct).ConfigureAwait(false);
        }
    }

    private async Task<bool> AnswerAsync(MessageHead answer, MessageReader answers, Task pump, StreamedContent received, CancellationToken ct)
    {
        var method = head.StartLine.First;
        var framing = BodyFraming.OfResponse(answer, method);
        var isOld = head.StartLine.Third == "HTTP/1.0";
        var ours = framing.Kind is BodyKind.Chunked or BodyKind.UntilClose ? new BodyFraming(isOld ? BodyKind.UntilClose : BodyKind.Chunked) : framing;
        var closes = isOld || !pump.IsCompletedSuccessfully || head["Connection"].SelectMany(HttpSyntax.ListOf).Contains("close", StringComparer.OrdinalIgnoreCase);
        var length = method == "HEAD" || answer.StartLine.Second == "304" ? answer["Content-Length"].FirstOrDefault() : null;
        (_status, _media, _answered) = (answer.StartLine.Second, MediaOf(answer), true);
        await client.WriteAsync(ForwardedHead.Response(answer, ours, length, closes), ct).ConfigureAwait(false);
        var (body, output) = (new BodyReader(answers, framing, 502), new BodyWriter(client, ours.Kind));
        while (await body.ReadAsync(_toClient, ct).ConfigureAwait(false) is var read and > 0)
        {
            received.Append(_toClient.AsSpan(0, read));
            await output.WriteAsync(_toClient.AsMemory(0, read), ct).ConfigureAwait(false);
        }

        if (ours.Kind == BodyKind.Chunked)
        {
            await output.EndAsync(ct).ConfigureAwait(false);
        }

        return !closes;
    }

    private async Task PumpAsync(BodyReader body, BodyWriter host, StreamedContent sent, CancellationToken ct)
    {
        try
        {
            while (await body.ReadAsync(_toHost, ct).ConfigureAwait(false) is var read and > 0)
            {
                sent.Append(_toHost.AsSpan(0, read));
                await host.WriteAsync(_toHost.AsMemory(0, read), ct).ConfigureAwait(false);
            }

            await host.EndAsync(ct).ConfigureAwait(false);
        }
        catch (ConnectionLostException e) when (e.Side == Side.Host)
        {
            // The host takes no more: what it answers says why. Until then the body counts as unfinished.
            await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Ends when a task fails, and not when it succeeds.</summary>
    private static async Task FaultOf(Task task)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await task.ContinueWith(t => t.IsCompletedSuccessfully ? gate.Task : Task.CompletedTask, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Unwrap().ConfigureAwait(false);
    }

    private static async Task StopAsync(Task pump, CancellationTokenSource pumping)
    {
        await pumping.CancelAsync().ConfigureAwait(false);
        try
        {
            await pump.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionLostException or HttpFault)
        {
            // Told already, or of no consequence: the response is there, and this connection ends.
        }
    }

    private async Task<ActionResult> FailAsync(int status, string outcome, string code, string message, CancellationToken ct)
    {
        if (!_answered)
        {
            _answered = true;
            try
            {
                await client.WriteAsync(ProxyAnswer.Problem(status, code, message), ct).ConfigureAwait(false);
            }
            catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
            {
                // Nobody is there to be told; the record tells it.
            }
        }

        return new ActionResult(outcome) { ErrorCode = code, ErrorMessage = message };
    }

    private void CheckHost()
    {
        var hosts = head["Host"].Count();
        if (hosts > 1 || (hosts == 0 && head.StartLine.Third == "HTTP/1.1"))
        {
            throw new HttpFault(400, $"expected one Host field, found {hosts}");
        }
    }

    private StreamedContent Content(ActionPermit permit, TaskPart part, RecordId completed, string member) =>
        new(permit.Way.Capture, work.Keys, part.Trace, completed, member, work.Options.KeptBytes);

    private ProposedAction Propose(TaskPart part, SpanId parent, Target target) => new()
    {
        Caller = part.Identity,
        Trace = part.Trace,
        Parent = parent,
        Task = part.Span,
        Type = "http.request",
        Name = ResourceNames.Bounded(head.StartLine.First, 32),
        Resource = target.Resource,
        Server = target.Host,
        Writes = head.StartLine.First is "GET" or "HEAD" or "OPTIONS" or "TRACE" ? false : null,
        Input = InputOf(target),
        Attributes = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["http.request.method"] = ResourceNames.Bounded(head.StartLine.First, 32),
            ["url.scheme"] = "http",
            ["server.address"] = ResourceNames.Bounded(target.Host, 256),
            ["server.port"] = target.Port,
        },
    };

    /// <summary>What is committed to before the act, and what a policy sees: method, the whole URI, and which fields there are.</summary>
    private byte[] InputOf(Target target)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("method"u8, head.StartLine.First);
            writer.WriteString("uri"u8, target.Uri);
            writer.WriteString("host"u8, target.Host);
            writer.WriteNumber("port"u8, target.Port);
            writer.WriteStartArray("fields"u8);
            foreach (var field in head.Fields)
            {
                writer.WriteStringValue(field.Name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private List<HeaderField>? CredentialFields(IssuedCredential? credential, Target target)
    {
        if (credential is null)
        {
            return null;
        }

        var fields = new List<HeaderField> { new("Authorization", $"{credential.TokenType} {credential.Token}") };
        if (credential.Prove is { } prove)
        {
            fields.Add(new HeaderField("DPoP", prove(new HttpMethod(head.StartLine.First), new Uri(target.Uri))));
        }

        return fields;
    }

    private static ActionResult OutcomeOf(string status) => status[0] is '4' or '5'
        ? new ActionResult(ActionStatus.ToolError) { ErrorCode = status, ErrorMessage = $"the host answered with status {status}" }
        : new ActionResult(ActionStatus.Ok);

    private static string MediaOf(MessageHead head)
    {
        var media = head["Content-Type"].FirstOrDefault()?.Split(';')[0].Trim() ?? "";
        return media.Length is > 0 and <= 128 && media.Split('/') is [var type, var subtype] && HttpSyntax.IsToken(type) && HttpSyntax.IsToken(subtype)
            ? media.ToLowerInvariant() : "application/octet-stream";
    }
}
