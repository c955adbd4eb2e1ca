using System.Net.Sockets;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Egress;
using Cairn.Gateway.Tests.Harness;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Egress;

/// <summary>A proxy on a real emitter, and a client that sends it bytes.</summary>
internal sealed class ProxyBench : IAsyncDisposable
{
    private ProxyBench(EmitterBench evidence, EgressProxy proxy) => (Evidence, Proxy) = (evidence, proxy);

    public EmitterBench Evidence { get; }

    public EgressProxy Proxy { get; }

    /// <summary>The field that a caller shows.</summary>
    public string Authorization => $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes(new Uri(Proxy.Address).UserInfo))}";

    public static async Task<ProxyBench> StartAsync(
        Func<AuthorizationRequest, PolicyDecision>? decide = null, Func<ProxyOptions, ProxyOptions>? configure = null, CaptureProfile capture = CaptureProfile.Metadata)
    {
        var evidence = await EmitterBench.StartAsync();
        var options = new ProxyOptions
        {
            Agent = SpiffeId.Parse("spiffe://test.local/agent/browser"),
            Owner = "pat@example.org",
            Ledger = evidence.Ledger,
            Password = ProxyPassword.New(),
            IdleTimeout = TimeSpan.FromSeconds(10),
            StopGrace = TimeSpan.FromMilliseconds(300),
            FlushTimeout = TimeSpan.FromSeconds(2),
        };
        var proxy = EgressProxy.Start(configure?.Invoke(options) ?? options, evidence.Deciding(decide, capture), evidence.Emitter, evidence.Keys, evidence.Log);
        return new ProxyBench(evidence, proxy);
    }

    /// <summary>Opens a connection to the proxy.</summary>
    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
        await socket.ConnectAsync(Proxy.Place);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Sends bytes on a new connection and reads until the proxy closes it; <c>{auth}</c> stands for the password's field.</summary>
    public async Task<string> SendAsync(string text)
    {
        using var connection = await ConnectAsync();
        await connection.WriteAsync(Encoding.Latin1.GetBytes(text.Replace("{auth}", Authorization, StringComparison.Ordinal)));
        return await ReadAllAsync(connection);
    }

    public static async Task<string> ReadAllAsync(NetworkStream connection)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new StringBuilder();
        var buffer = new byte[64 * 1024];
        try
        {
            while (await connection.ReadAsync(buffer, patience.Token) is var read and > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // Reset after the answer.
        }

        return answer.ToString();
    }

    /// <summary>Reads until the text is there.</summary>
    public static async Task<string> ReadUntilAsync(NetworkStream connection, string end)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new StringBuilder();
        var one = new byte[1];
        while (!answer.ToString().EndsWith(end, StringComparison.Ordinal) && await connection.ReadAsync(one, patience.Token) > 0)
        {
            answer.Append((char)one[0]);
        }

        return answer.ToString();
    }

    /// <summary>Waits for the outcomes.</summary>
    public async Task<IReadOnlyList<Record>> CompletedAsync(int count = 1)
    {
        for (var i = 0; i < 500; i++)
        {
            await Evidence.FlushAsync();
            var found = Evidence.Records.Where(r => r.Kind == RecordKinds.ActionCompleted).ToList();
            if (found.Count >= count)
            {
                return found;
            }

            await Task.Delay(20);
        }

        throw new TimeoutException($"expected {count} outcomes; the log says: {Evidence.Log}");
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await Evidence.DisposeAsync();
    }
}
