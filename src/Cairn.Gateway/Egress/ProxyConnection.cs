namespace Cairn.Gateway.Egress;

/// <summary>One caller's connection: requests one after another, each whole before the next is looked at.</summary>
internal sealed class ProxyConnection(ProxyWork work, WatchedStream client)
{
    /// <summary>Serves it to its end.</summary>
    public async Task ServeAsync(CancellationToken ct)
    {
        var reader = new MessageReader(client, work.Options.LongestHead);
        try
        {
            while (await ServeOneAsync(reader, ct).ConfigureAwait(false))
            {
            }

            client.EndSending();
            await LingerAsync(reader, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ConnectionLostException or OperationCanceledException)
        {
            // The caller is gone, or the proxy ends; what was under way has its records.
        }
    }

    private async Task<bool> ServeOneAsync(MessageReader reader, CancellationToken ct)
    {
        try
        {
            if (!await reader.WaitAsync(ct).ConfigureAwait(false))
            {
                return false;
            }

            using var slow = CancellationTokenSource.CreateLinkedTokenSource(ct);
            slow.CancelAfter(work.Options.HeadTimeout);
            MessageHead head;
            try
            {
                head = await reader.ReadHeadAsync(isRequest: true, slow.Token).ConfigureAwait(false) ?? throw new ConnectionLostException(Side.Client, isTimeout: false);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw new HttpFault(408, "expected a whole header sooner");
            }

            if (!work.Options.Password.Accepts([.. head["Proxy-Authorization"]]))
            {
                await client.WriteAsync(ProxyAnswer.Problem(407, "unauthenticated", "this proxy serves the run that it was started for; its password is in HTTP_PROXY"), ct).ConfigureAwait(false);
                return false;
            }

            if (head.StartLine.First == "CONNECT")
            {
                await new Tunnel(work, head, reader, client).PassAsync(ct).ConfigureAwait(false);
                return false;
            }

            return await new PlainExchange(work, head, reader, client).PassAsync(ct).ConfigureAwait(false);
        }
        catch (HttpFault e)
        {
            await client.WriteAsync(ProxyAnswer.Problem(e.Status, "request_malformed", e.Message), ct).ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>Takes what a caller still sends for a moment: closing on unread bytes would reset the answer away (RFC 9112 §9.6).</summary>
    private static async Task LingerAsync(MessageReader reader, CancellationToken ct)
    {
        using var moment = CancellationTokenSource.CreateLinkedTokenSource(ct);
        moment.CancelAfter(TimeSpan.FromSeconds(1));
        var waste = new byte[16 * 1024];
        for (var left = 64; left > 0 && await reader.ReadAsync(waste, moment.Token).ConfigureAwait(false) > 0; left--)
        {
        }
    }
}
