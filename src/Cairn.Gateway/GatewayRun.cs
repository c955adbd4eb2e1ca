using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Framing;
using Cairn.Gateway.Processes;

namespace Cairn.Gateway;

/// <summary>How a run ended, for its <c>task.ended</c>.</summary>
/// <param name="Status">done, failed or cancelled.</param>
/// <param name="Reason">Why; null where the status says it all.</param>
internal sealed record RunEnding(string Status, string? Reason);

/// <summary>One run of a wrapped server, from its start to its exit.</summary>
internal sealed class GatewayRun(GatewayOptions options, Conversation conversation, ActionPipeline? pipeline, ServerProcess server, TextWriter log)
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(1);

    /// <summary>How long the rest of the server's output is waited for once it has exited: a child of its own may hold the pipe open.</summary>
    private static readonly TimeSpan DrainGrace = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan WaitStep = TimeSpan.FromMilliseconds(250);

    private enum Cause
    {
        ClientClosed,
        ServerEnded,
        ToldToEnd,
    }

    /// <summary>Passes messages until the server is gone and completes what is open.</summary>
    public async Task<RunEnding> PassAllAsync(Stream clientIn, Stream clientOut, CancellationToken ct)
    {
        using var toServer = new LineWriter(server.Input);
        using var toClient = new LineWriter(clientOut);
        using var fromClient = new Pump(Direction.ClientToServer, conversation, clientIn, toServer, toClient, options, GuardOf(Direction.ClientToServer, toServer, toClient));
        using var fromServer = new Pump(Direction.ServerToClient, conversation, server.Output, toClient, toServer, options, GuardOf(Direction.ServerToClient, toClient, toServer));
        using var abandon = new CancellationTokenSource();
        fromClient.Start(abandon.Token);
        fromServer.Start(abandon.Token);
        var sweeping = SweepAsync(abandon.Token);

        try
        {
            var cause = await FirstEndAsync(fromClient, fromServer, toClient, ct).ConfigureAwait(false);
            fromClient.Stop();
            if (cause == Cause.ClientClosed)
            {
                await PassRestAsync(fromClient, fromServer, ct).ConfigureAwait(false);
            }

            await WithdrawAsync(cause, fromClient, fromServer).ConfigureAwait(false);
            await EndServerAsync(cause, fromClient, fromServer, toServer, ct).ConfigureAwait(false);
            await DrainAsync(fromServer, ct).ConfigureAwait(false);
            var unanswered = conversation.End(server.Ending);
            await TellAsync(toClient, unanswered).ConfigureAwait(false);
            return EndingOf(cause, unanswered.Length > 0);
        }
        finally
        {
            // Also the way out of a failure: no server is left behind without its gateway.
            server.Kill();
            fromClient.Stop();
            fromServer.Stop();
            await abandon.CancelAsync().ConfigureAwait(false);
            await sweeping.ConfigureAwait(false);
        }
    }

    private async Task<Cause> FirstEndAsync(Pump fromClient, Pump fromServer, LineWriter toClient, CancellationToken ct)
    {
        using var exitWait = new CancellationTokenSource();
        var told = Task.Delay(Timeout.Infinite, ct);
        var exited = server.WaitAsync(exitWait.Token);
        var first = await Task.WhenAny(
            told, exited, fromClient.ReadToEnd, fromServer.ReadToEnd, toClient.Broken, fromClient.Forwarded, fromServer.Forwarded, fromClient.Failed,
            fromServer.Failed).ConfigureAwait(false);
        await exitWait.CancelAsync().ConfigureAwait(false);
        if (first == told)
        {
            return Cause.ToldToEnd;
        }

        // A failure of a pump's own is no end of the conversation: it surfaces here.
        await first.ConfigureAwait(false);
        return first == fromClient.ReadToEnd || first == fromClient.Forwarded || first == toClient.Broken ? Cause.ClientClosed : Cause.ServerEnded;
    }

    private async Task EndServerAsync(Cause cause, Pump fromClient, Pump fromServer, LineWriter toServer, CancellationToken ct)
    {
        if (cause == Cause.ClientClosed)
        {
            await CloseInputAsync(toServer).ConfigureAwait(false);
            await WaitWhileSpeakingAsync(fromServer, ct).ConfigureAwait(false);
        }
        else if (cause == Cause.ServerEnded)
        {
            await CloseInputAsync(toServer).ConfigureAwait(false);
            await server.WaitAsync(options.TerminateGrace, CancellationToken.None).ConfigureAwait(false);
        }

        if (!server.HasExited)
        {
            var hurried = ct.IsCancellationRequested;
            server.Terminate();
            await CloseInputAsync(toServer).ConfigureAwait(false);
            if (!await server.WaitAsync(hurried ? options.HurriedGrace : options.TerminateGrace, CancellationToken.None).ConfigureAwait(false))
            {
                await log.WriteLineAsync("cairn: the server did not end when asked to; it is killed").ConfigureAwait(false);
                server.Kill();
                await server.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Lets what the client sent before it closed its end reach the server. A message that still waits for a human gets
    /// no more than the time in which a client expects its server to end.
    /// </summary>
    private async Task PassRestAsync(Pump fromClient, Pump fromServer, CancellationToken ct)
    {
        await ForwardRestAsync(fromClient, fromServer, ct).ConfigureAwait(false);
        var closed = options.Time.GetTimestamp();
        while (fromClient.Aside > 0 && !server.HasExited && !ct.IsCancellationRequested && options.Time.GetElapsedTime(closed) < options.ExitGrace)
        {
            await Task.WhenAny(fromClient.SettledAsync(), Task.Delay(TimeSpan.FromMilliseconds(100), options.Time, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    /// <summary>Takes back what waits to be permitted, and waits until that is recorded.</summary>
    private async Task WithdrawAsync(Cause cause, Pump fromClient, Pump fromServer)
    {
        var recorded = conversation.WithdrawAllAsync(cause switch
        {
            Cause.ClientClosed => "the client ended before the action was permitted",
            Cause.ServerEnded => "the server ended before the action was permitted",
            _ => "the gateway was told to end before the action was permitted",
        });
        var settled = Task.WhenAll(recorded, fromClient.SettledAsync(), fromServer.SettledAsync());
        if (await Task.WhenAny(settled, Task.Delay(options.FlushTimeout, options.Time)).ConfigureAwait(false) != settled)
        {
            await log.WriteLineAsync("cairn: not everything that waited to be permitted could be recorded as withdrawn in time").ConfigureAwait(false);
        }
    }

    private GuardedForwarding? GuardOf(Direction direction, LineWriter target, LineWriter sender) => pipeline is null || conversation.Room is not { } room
        ? null
        : new GuardedForwarding(direction, conversation, pipeline, room, target, sender, options, log);

    /// <summary>Lets what the client sent before it closed its end reach the server, as long as the server takes anything.</summary>
    private async Task ForwardRestAsync(Pump fromClient, Pump fromServer, CancellationToken ct)
    {
        while (!fromClient.Forwarded.IsCompleted && !server.HasExited && !ct.IsCancellationRequested)
        {
            await Task.WhenAny(fromClient.Forwarded, Task.Delay(TimeSpan.FromMilliseconds(200), options.Time, CancellationToken.None)).ConfigureAwait(false);
            if (fromServer.Silence > options.UnansweredGrace && fromClient.Standstill > options.UnansweredGrace)
            {
                return;
            }
        }
    }

    /// <summary>Waits for the server's exit as long as it still answers: a client may close its end and read on.</summary>
    private async Task WaitWhileSpeakingAsync(Pump fromServer, CancellationToken ct)
    {
        var closed = options.Time.GetTimestamp();
        while (!ct.IsCancellationRequested)
        {
            var quiet = options.Time.GetElapsedTime(closed);
            quiet = fromServer.Silence < quiet ? fromServer.Silence : quiet;
            var grace = conversation.Unanswered > 0 ? options.UnansweredGrace : options.ExitGrace;
            if (quiet >= grace)
            {
                return;
            }

            try
            {
                // Waiting in short steps: the last answer may come in between and shorten the grace.
                var step = grace - quiet < WaitStep ? grace - quiet : WaitStep;
                if (await server.WaitAsync(step, ct).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Closing waits for a write that the server does not take: such a pipe closes when the server is killed.</summary>
    private static async Task CloseInputAsync(LineWriter toServer) =>
        await Task.WhenAny(toServer.CloseAsync().AsTask(), Task.Delay(TimeSpan.FromMilliseconds(200))).ConfigureAwait(false);

    /// <summary>Waits until all that the server wrote is with the client, unless nothing moves any more.</summary>
    private async Task DrainAsync(Pump fromServer, CancellationToken ct)
    {
        while (!fromServer.Forwarded.IsCompleted)
        {
            await Task.WhenAny(fromServer.Forwarded, Task.Delay(TimeSpan.FromMilliseconds(50), options.Time, CancellationToken.None)).ConfigureAwait(false);
            var heldOpen = fromServer is { UnderWay: 0, ReadToEnd.IsCompleted: false } && fromServer.Silence > DrainGrace && fromServer.Standstill > DrainGrace;
            var notTaken = fromServer.UnderWay > 0 && fromServer.Standstill > (ct.IsCancellationRequested ? options.HurriedGrace : options.ExitGrace);
            if (heldOpen || notTaken)
            {
                await log.WriteLineAsync(
                    heldOpen ? "cairn: the server has ended but its output is still held open; it is not waited for"
                        : $"cairn: the client does not take the server's output; {fromServer.UnderWay} messages are dropped").ConfigureAwait(false);
                return;
            }
        }
    }

    /// <summary>Tells the client that its unanswered requests stay unanswered; a client that does not read is not waited for.</summary>
    private static Task TellAsync(LineWriter toClient, byte[] answers) => answers.Length == 0
        ? Task.CompletedTask
        : Task.WhenAny(toClient.WriteAsync(answers, CancellationToken.None).AsTask(), Task.Delay(DrainGrace));

    private async Task SweepAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(SweepPeriod, options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(ct).ConfigureAwait(false))
            {
                conversation.Sweep();
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private RunEnding EndingOf(Cause cause, bool leftUnanswered) => cause switch
    {
        Cause.ToldToEnd => new RunEnding("cancelled", "the gateway was told to end"),
        Cause.ServerEnded when server.ExitCode != 0 || leftUnanswered => new RunEnding("failed", $"the server ended: {server.Ending}"),
        _ => new RunEnding("done", server.ExitCode == 0 ? null : $"the server ended with {server.Ending} after the client closed"),
    };
}
