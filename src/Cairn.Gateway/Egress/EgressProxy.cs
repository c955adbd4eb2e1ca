using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Cairn.Evidence;
using Cairn.Gateway.Authority;
using Cairn.Sdk;

namespace Cairn.Gateway.Egress;

/// <summary>
/// An outbound HTTP proxy for one agent's run: records what goes out, host by host for tunnels and request by request for plain
/// HTTP, before it goes. docs/egress.md says what is captured and what is not.
/// </summary>
public sealed class EgressProxy : IAsyncDisposable
{
    private readonly ProxyOptions _options;
    private readonly ActionPipelineOptions _deciding;
    private readonly TcpListener _listener;
    private readonly ProxyWork _work;
    private readonly TextWriter _log;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _refusing = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<long, Task> _connections = new();
    private readonly Task _accepting;
    private long _number;
    private bool _isEnded;

    private EgressProxy(ProxyOptions options, ActionPipelineOptions deciding, Emitter emitter, ITrailKeys keys, TextWriter log)
    {
        (_options, _deciding, _log) = (options, deciding, log);
        if (!IPAddress.IsLoopback(options.Listen.Address))
        {
            throw new ArgumentException($"expected a loopback address to listen at, found {options.Listen.Address}: whoever reaches the proxy acts as the agent", nameof(options));
        }

        var outlet = new EvidenceOutlet(emitter, deciding.Time, log);
        _listener = new TcpListener(options.Listen);
        _listener.Start(backlog: 128);
        _places = new SemaphoreSlim(options.MaxConnections);
        _work = new ProxyWork(options, new ActionPipeline(deciding, outlet, keys), outlet, keys, new ProxyParts(options, outlet, keys), new Upstream(options, () => Place));
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Place => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Its address with the password, as <c>HTTP_PROXY</c> has it. A secret of the run.</summary>
    public string Address => _options.Password.AddressAt(Place);

    /// <summary>The run's position in its trail, for whoever is started below it.</summary>
    public TraceParent Context => new(_work.Parts.Main.Trace, _work.Parts.Main.Span, _options.Caller?.Flags ?? 1);

    /// <summary>Starts one.</summary>
    /// <param name="options">Where and for whom.</param>
    /// <param name="deciding">What decides, and how much is kept.</param>
    /// <param name="emitter">Delivers the records. Not disposed.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="log">Messages for people; never content.</param>
    /// <exception cref="SocketException">The place is taken.</exception>
    /// <exception cref="ArgumentException">The place is not on this machine alone.</exception>
    public static EgressProxy Start(ProxyOptions options, ActionPipelineOptions deciding, Emitter emitter, ITrailKeys keys, TextWriter log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(deciding);
        ArgumentNullException.ThrowIfNull(log);
        return new EgressProxy(options, deciding, emitter, keys, log);
    }

    /// <summary>Takes no more connections, ends those that there are, and the task.</summary>
    /// <param name="status">done, failed or cancelled.</param>
    /// <param name="reason">Why, where it is not plain.</param>
    public async Task EndAsync(string status, string? reason)
    {
        if (_isEnded)
        {
            return;
        }

        _isEnded = true;
        await _refusing.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        _listener.Stop();
        var all = Task.WhenAll(_connections.Values);
        await Task.WhenAny(all, Task.Delay(_connections.IsEmpty ? TimeSpan.Zero : _options.StopGrace)).ConfigureAwait(false);
        await _ending.CancelAsync().ConfigureAwait(false);
        await all.ConfigureAwait(false);
        await _work.Parts.EndAsync(status, reason, _log, _deciding.Time).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync("cancelled", "the proxy was ended").ConfigureAwait(false);
        _listener.Dispose();
        _places.Dispose();
        _refusing.Dispose();
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _places.WaitAsync(_refusing.Token).ConfigureAwait(false);
                Socket socket;
                try
                {
                    socket = await _listener.AcceptSocketAsync(_refusing.Token).ConfigureAwait(false);
                }
                catch (SocketException e)
                {
                    // Out of descriptors, or a caller that was gone before it was taken: the next may fare better.
                    _places.Release();
                    await _log.WriteLineAsync($"cairn: a connection was not taken: {e.SocketErrorCode}").ConfigureAwait(false);
                    await Task.Delay(TimeSpan.FromMilliseconds(100), _refusing.Token).ConfigureAwait(false);
                    continue;
                }

                var number = _number++;
                var started = new TaskCompletionSource();
                _connections[number] = ServeAsync(socket, number, started.Task);
                started.SetResult();
            }
        }
        catch (OperationCanceledException)
        {
            // No more are taken.
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "One connection's defect must not end the others: it is said, and what was under way stays open in the trail.")]
    private async Task ServeAsync(Socket socket, long number, Task started)
    {
        await started.ConfigureAwait(false);
        try
        {
            socket.NoDelay = true;
            using var client = new WatchedStream(socket, Side.Client, _options.IdleTimeout);
            await new ProxyConnection(_work, client).ServeAsync(_ending.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await _log.WriteLineAsync($"cairn: a connection ended: {e.GetType().Name}: {e.Message}").ConfigureAwait(false);
        }
        finally
        {
            _places.Release();
            _connections.TryRemove(number, out _);
        }
    }
}
