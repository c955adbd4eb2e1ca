using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Cairn.Workload.Protocol;
using Grpc.Core;

namespace Cairn.Workload.Tests;

/// <summary>Whatever a caller sends: the others go on being served.</summary>
public sealed class HostileClientTests : IAsyncLifetime
{
    private static readonly Metadata Headers = new() { { "workload.spiffe.io", "true" } };
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly TestAuthority _authority = TestAuthority.Create();
    private WorkloadServer _server = null!;

    private CancellationToken Soon => _patience.Token;

    public async ValueTask InitializeAsync()
    {
        _authority.Register(TestAuthority.Agent);
        _server = await WorkloadServer.StartAsync(_authority.Options() with { MostConnectionsOfUser = 24 }, Soon);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _authority.Dispose();
        _patience.Dispose();
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGARBAGE GARBAGE GARBAGE")]
    [InlineData("")]
    public async Task Bytes_that_are_not_http2_end_their_own_connection_only(string bytes)
    {
        using var socket = await RawClient.ConnectAsync(_server.Endpoint, Soon);
        await socket.SendAsync(Encoding.ASCII.GetBytes(bytes), Soon);
        socket.Shutdown(SocketShutdown.Send);
        await ReadToEndAsync(socket);

        await AssertServesAsync();
    }

    [Fact]
    public async Task Random_bytes_end_their_own_connection_only()
    {
        for (var i = 0; i < 20; i++)
        {
            using var socket = await RawClient.ConnectAsync(_server.Endpoint, Soon);
            await socket.SendAsync(RandomNumberGenerator.GetBytes(4096), Soon);
            socket.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(socket);
        }

        await AssertServesAsync();
    }

    [Fact]
    public async Task Message_beyond_the_limit_is_refused()
    {
        using var channel = RawClient.Channel(_server.Endpoint);
        var api = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel);

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await api.ValidateJWTSVIDAsync(new ValidateJWTSVIDRequest { Audience = "a", Svid = new string('x', 200_000) }, Headers));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        await AssertServesAsync();
    }

    [Fact]
    public async Task Audiences_beyond_the_limit_are_refused()
    {
        using var channel = RawClient.Channel(_server.Endpoint);
        var request = new JWTSVIDRequest();
        request.Audience.AddRange(Enumerable.Repeat("a", 1000));

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel).FetchJWTSVIDAsync(request, Headers));

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
    }

    [Theory]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJub25lIn0.e30.")]
    [InlineData("ïêë")]
    public async Task Token_that_is_none_is_an_invalid_argument(string token)
    {
        using var client = new WorkloadClient(_server.Endpoint);

        Assert.Equal(WorkloadApiFault.Request, (await Assert.ThrowsAsync<WorkloadApiException>(() => client.ValidateJwtAsync("orders", token, Soon))).Fault);
    }

    [Fact]
    public async Task User_with_many_connections_is_stopped_at_its_limit_and_served_again_below_it()
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < 60; i++)
        {
            sockets.Add(await RawClient.ConnectAsync(_server.Endpoint, Soon));
        }

        // Those beyond the limit are closed by the server: reading from them ends at once.
        var closed = 0;
        foreach (var socket in sockets)
        {
            using var brief = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            closed += await EndsAsync(socket, brief.Token) ? 1 : 0;
        }

        Assert.InRange(closed, 60 - 24, 60);
        sockets.ForEach(socket => socket.Dispose());
        await AssertServesAsync();
    }

    [Fact]
    public async Task Many_streams_that_are_dropped_at_once_leave_nothing_behind()
    {
        for (var round = 0; round < 5; round++)
        {
            using var channel = RawClient.Channel(_server.Endpoint);
            var api = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(channel);
            using var drop = new CancellationTokenSource();
            var streams = Enumerable.Range(0, 30).Select(_ => api.FetchX509SVID(new X509SVIDRequest(), Headers, cancellationToken: drop.Token)).ToList();
            await Task.WhenAll(streams.Select(stream => stream.ResponseStream.MoveNext(Soon)));
            await drop.CancelAsync();
        }

        await AssertServesAsync();
    }

    private async Task AssertServesAsync()
    {
        // The connections of a moment ago may still count: the limit is a user's, and this is the same user.
        while (true)
        {
            using var client = new WorkloadClient(_server.Endpoint);
            try
            {
                Assert.Equal(TestAuthority.Agent, (await client.FetchX509Async(Soon)).Svids[0].Id);
                return;
            }
            catch (WorkloadApiException error) when (error.Fault == WorkloadApiFault.Unavailable)
            {
                await Task.Delay(50, Soon);
            }
        }
    }

    private async Task ReadToEndAsync(Socket socket)
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[4096], Soon) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // reset: that is an end as well
        }
    }

    private static async Task<bool> EndsAsync(Socket socket, CancellationToken brief)
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[4096], brief) > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
