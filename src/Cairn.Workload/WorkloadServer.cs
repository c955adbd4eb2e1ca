using System.Collections.Concurrent;
using Cairn.Identity.Files;
using Cairn.Workload.Peers;
using Cairn.Workload.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cairn.Workload;

/// <summary>
/// Serves the SPIFFE Workload API on a Unix socket, for those without SPIRE: callers are told apart by what the kernel says
/// of them, and get what the registration entries give.
/// </summary>
public sealed class WorkloadServer : IAsyncDisposable
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Entered = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly WebApplication _app;
    private readonly FileLock _place;

    private WorkloadServer(WebApplication app, FileLock place, WorkloadEndpoint endpoint) => (_app, _place, Endpoint) = (app, place, endpoint);

    /// <summary>Where it listens, as <c>SPIFFE_ENDPOINT_SOCKET</c> is to say.</summary>
    public WorkloadEndpoint Endpoint { get; }

    /// <summary>Starts a server; it runs until it is disposed. A socket that a dead server left is replaced, a live one's never.</summary>
    /// <exception cref="WorkloadApiException">The path can't be used, or another server has it.</exception>
    public static async Task<WorkloadServer> StartAsync(WorkloadServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = Path.GetFullPath(options.SocketPath);
        var endpoint = WorkloadEndpoint.At(path);
        FileLock? place = null;
        try
        {
            if (!Directory.Exists(Path.GetDirectoryName(path)))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!, Entered);
            }

            place = FileLock.TryTake(path + ".lock")
                ?? throw new WorkloadApiException(WorkloadApiFault.Endpoint, $"another server serves {path}; stop it, or choose another --socket");
            File.Delete(path);
            var app = Build(options, path);
            await app.StartAsync(cancellationToken);
            File.SetUnixFileMode(path, Everybody);
            return new WorkloadServer(app, place, endpoint);
        }
        catch (Exception error)
        {
            place?.Dispose();
            throw error is IOException or UnauthorizedAccessException
                ? new WorkloadApiException(WorkloadApiFault.Endpoint, $"the Workload API can't be served at {path}: {error.Message}", error)
                : error;
        }
    }

    /// <summary>Ends all streams and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (Endpoint.Address.ToString() is { } path)
        {
            File.Delete(path);
        }

        _place.Dispose();
    }

    private static WebApplication Build(WorkloadServerOptions options, string path)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], ApplicationName = "cairn" });
        builder.Logging.ClearProviders(); // the log delegate speaks; nobody else may write of messages that hold keys
        var connections = new ConcurrentDictionary<uint, int>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 4096;
            kestrel.Limits.MaxRequestBodySize = 256 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.Http2.MaxStreamsPerConnection = 32;
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
            kestrel.ListenUnixSocket(path, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(next => connection => ServeAsync(next, connection, connections, options));
            });
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<IdentityRegister>();
        builder.Services.AddSingleton<WorkloadService>();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = 64 * 1024;
            grpc.Interceptors.Add<SpiffeMetadataCheck>();
        });
        var app = builder.Build();
        app.MapGrpcService<WorkloadService>();
        return app;
    }

    /// <summary>Asks the kernel who connected before a byte is read, and holds on to that process for as long as the connection lasts.</summary>
    private static async Task ServeAsync(ConnectionDelegate next, ConnectionContext connection, ConcurrentDictionary<uint, int> connections, WorkloadServerOptions options)
    {
        PeerProcess peer;
        try
        {
            peer = PeerProcess.Of(connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket);
        }
        catch (PeerUnknownException error)
        {
            options.Log($"a connection was closed: {error.Message}");
            connection.Abort();
            return;
        }

        using (peer)
        {
            var held = connections.AddOrUpdate(peer.Uid, 1, static (_, count) => count + 1);
            try
            {
                if (held > options.MostConnectionsOfUser)
                {
                    options.Log($"a connection was closed: uid {peer.Uid} has {options.MostConnectionsOfUser} already");
                    connection.Abort();
                    return;
                }

                connection.Features.Set(peer);
                await next(connection);
            }
            finally
            {
                connections.AddOrUpdate(peer.Uid, 0, static (_, count) => count - 1);
            }
        }
    }
}
