using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cairn.Gateway.Tests.Egress;

/// <summary>An origin server on loopback that notes every byte it gets and answers as a test says.</summary>
internal sealed class OriginServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<NetworkStream, string, Task> _answer;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private readonly List<string> _requests = [];

    private OriginServer(Func<NetworkStream, string, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Authority => $"127.0.0.1:{Port}";

    /// <summary>What came over each connection before the answer.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Answers each request, once its header and declared or chunked body are there, with the same bytes.</summary>
    public static OriginServer Saying(string response) => new(async (stream, _) => await stream.WriteAsync(Encoding.Latin1.GetBytes(response)));

    public static OriginServer Doing(Func<NetworkStream, string, Task> answer) => new(answer);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        var all = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_end.Token);
                all.Add(ServeOneAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(all);
        }
    }

    private async Task ServeOneAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        try
        {
            while (!IsWhole(text.ToString()) && await stream.ReadAsync(buffer, _end.Token) is var read and > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }

            lock (_requests)
            {
                _requests.Add(text.ToString());
            }

            await _answer(stream, text.ToString());
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The proxy was faster.
        }
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        var head = text[..end];
        if (head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            return text.EndsWith("0\r\n\r\n", StringComparison.Ordinal);
        }

        var length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return head.Contains("Expect:", StringComparison.OrdinalIgnoreCase) || length is null || text.Length - end - 4 >= int.Parse(length[15..]);
    }
}
