using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Bundles;
using Cairn.Workload.Client;
using Cairn.Workload.Protocol;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cairn.Workload;

/// <summary>
/// A client of the SPIFFE Workload API over its socket, whoever serves it. Streams are given as they come and end in an
/// exception when they break: <see cref="WorkloadSvidSource"/> is the one that starts them again.
/// </summary>
public sealed class WorkloadClient : IDisposable
{
    private const int MaxMessageBytes = 4 * 1024 * 1024;
    private static readonly Metadata Headers = new() { { SpiffeMetadata.Key, SpiffeMetadata.Value } };

    private readonly GrpcChannel _channel;
    private readonly SpiffeWorkloadAPI.SpiffeWorkloadAPIClient _api;
    private readonly TimeProvider _time;

    /// <summary>A client; nothing is connected before something is asked for.</summary>
    /// <param name="endpoint">Where the Workload API is.</param>
    /// <param name="time">The clock by which SVIDs must be valid.</param>
    public WorkloadClient(WorkloadEndpoint endpoint, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        (Endpoint, _time) = (endpoint, time ?? TimeProvider.System);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancel) => ConnectAsync(endpoint, cancel),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false, // the socket is on this machine, whatever HTTP_PROXY says
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        };
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessageBytes,
        });
        _api = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(_channel);
    }

    /// <summary>Where the Workload API is.</summary>
    public WorkloadEndpoint Endpoint { get; }

    /// <summary>The process's X.509-SVIDs, again and again: at once, and whenever they change (§5.2.1). Ends only by an exception.</summary>
    /// <exception cref="WorkloadApiException">The stream broke, was refused, or an answer is not to be believed.</exception>
    public IAsyncEnumerable<X509Update> WatchX509Async(CancellationToken cancellationToken) =>
        ReadAsync(cancel => _api.FetchX509SVID(new X509SVIDRequest(), Headers, cancellationToken: cancel), answer => Answers.ToUpdate(answer, _time.GetUtcNow()), cancellationToken);

    /// <summary>The X.509 roots to trust, again and again (§5.2.2). Ends only by an exception.</summary>
    /// <exception cref="WorkloadApiException">As <see cref="WatchX509Async"/>.</exception>
    public IAsyncEnumerable<TrustBundleSet> WatchX509BundlesAsync(CancellationToken cancellationToken) =>
        ReadAsync(cancel => _api.FetchX509Bundles(new X509BundlesRequest(), Headers, cancellationToken: cancel), Answers.ToBundles, cancellationToken);

    /// <summary>The JWT keys to trust, again and again (§6.2.2). Ends only by an exception.</summary>
    /// <exception cref="WorkloadApiException">As <see cref="WatchX509Async"/>.</exception>
    public IAsyncEnumerable<TrustBundleSet> WatchJwtBundlesAsync(CancellationToken cancellationToken) =>
        ReadAsync(cancel => _api.FetchJWTBundles(new JWTBundlesRequest(), Headers, cancellationToken: cancel), Answers.ToJwtBundles, cancellationToken);

    /// <summary>The first update: who this process is, now.</summary>
    /// <exception cref="WorkloadApiException">As <see cref="WatchX509Async"/>.</exception>
    public async Task<X509Update> FetchX509Async(CancellationToken cancellationToken)
    {
        await foreach (var update in WatchX509Async(cancellationToken))
        {
            return update;
        }

        throw new WorkloadApiException(WorkloadApiFault.Unavailable, $"the Workload API at {Endpoint} ended the stream before its first message");
    }

    /// <summary>JWT-SVIDs (§6.2.1).</summary>
    /// <param name="audience">Whom they are for: one or more.</param>
    /// <param name="id">The identity; null for all that the process has.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="WorkloadApiException">None are given.</exception>
    public async Task<IReadOnlyList<WorkloadJwtSvid>> FetchJwtAsync(IReadOnlyList<string> audience, SpiffeId? id, CancellationToken cancellationToken)
    {
        var request = new JWTSVIDRequest { SpiffeId = id?.ToString() ?? "" };
        request.Audience.AddRange(audience);
        return await CallAsync(
            cancel => _api.FetchJWTSVIDAsync(request, Headers, cancellationToken: cancel), answer => Answers.ToJwtSvids(answer, id), cancellationToken);
    }

    /// <summary>Has the Workload API check a JWT-SVID (§6.2.3).</summary>
    /// <returns>The identity, and all claims, a JSON object.</returns>
    /// <exception cref="WorkloadApiException">The token is not good (<see cref="WorkloadApiFault.Request"/>), or nobody says.</exception>
    public async Task<(SpiffeId Id, JsonElement Claims)> ValidateJwtAsync(string audience, string token, CancellationToken cancellationToken) => await CallAsync(
        cancel => _api.ValidateJWTSVIDAsync(new ValidateJWTSVIDRequest { Audience = audience, Svid = token }, Headers, cancellationToken: cancel),
        answer => (SpiffeId.Parse(answer.SpiffeId), JsonElement.Parse(answer.Claims?.ToString() ?? "{}")), cancellationToken);

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _channel.Dispose();

    private static async ValueTask<Stream> ConnectAsync(WorkloadEndpoint endpoint, CancellationToken cancellationToken)
    {
        var socket = endpoint.Address is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endpoint.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint.Address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async IAsyncEnumerable<TUpdate> ReadAsync<TAnswer, TUpdate>(
        Func<CancellationToken, AsyncServerStreamingCall<TAnswer>> start, Func<TAnswer, TUpdate> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = start(cancellationToken);
        while (true)
        {
            TUpdate update;
            try
            {
                if (!await call.ResponseStream.MoveNext(cancellationToken))
                {
                    throw new WorkloadApiException(WorkloadApiFault.Unavailable, $"the Workload API at {Endpoint} ended the stream");
                }

                update = read(call.ResponseStream.Current);
            }
            catch (Exception error) when (Explain(error, cancellationToken) is { } explained)
            {
                throw explained;
            }

            yield return update;
        }
    }

    private async Task<TResult> CallAsync<TAnswer, TResult>(Func<CancellationToken, AsyncUnaryCall<TAnswer>> start, Func<TAnswer, TResult> read, CancellationToken cancellationToken)
    {
        try
        {
            using var call = start(cancellationToken);
            return read(await call);
        }
        catch (Exception error) when (Explain(error, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    // §6 and Appendix A of the endpoint's specification: what each status means, and whether to ask again.
    private Exception? Explain(Exception error, CancellationToken cancellationToken) => error switch
    {
        RpcException when cancellationToken.IsCancellationRequested => new OperationCanceledException(cancellationToken),
        RpcException { StatusCode: StatusCode.PermissionDenied } rpc => new WorkloadApiException(WorkloadApiFault.Denied, $"the Workload API at {Endpoint} has no identity for this process: {rpc.Status.Detail}", rpc),
        RpcException { StatusCode: StatusCode.InvalidArgument or StatusCode.Unimplemented } rpc => new WorkloadApiException(WorkloadApiFault.Request, $"the Workload API at {Endpoint} refuses the request: {rpc.Status.Detail}", rpc),
        RpcException rpc => new WorkloadApiException(WorkloadApiFault.Unavailable, $"the Workload API at {Endpoint} does not answer: {Reason(rpc)}", rpc),
        EvidenceFormatException or JsonException => new WorkloadApiException(WorkloadApiFault.Answer, $"the Workload API at {Endpoint} gave an answer that is not to be believed: {error.Message}", error),
        _ => null,
    };

    private static string Reason(RpcException error)
    {
        var cause = error.InnerException;
        while (cause?.InnerException is { } deeper)
        {
            cause = deeper;
        }

        return cause?.Message ?? error.Status.Detail;
    }
}
