using System.Net.Sockets;
using Grpc.Net.Client;

namespace Cairn.Workload.Tests;

/// <summary>Connections to a server that keep to nothing: gRPC without our client's manners, and bare sockets.</summary>
internal static class RawClient
{
    public static GrpcChannel Channel(WorkloadEndpoint endpoint) => GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { ConnectCallback = async (_, cancel) => new NetworkStream(await ConnectAsync(endpoint, cancel), ownsSocket: true) },
        DisposeHttpClient = true,
    });

    public static async Task<Socket> ConnectAsync(WorkloadEndpoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(endpoint.Address, cancellationToken);
        return socket;
    }
}
