using System.Net;
using System.Net.Sockets;
using Cairn.Evidence.Tests.Timestamps;

namespace Cairn.EndToEnd;

/// <summary>`openssl ts` behind HTTP on loopback, as RFC 3161 §3.4 has it.</summary>
internal sealed class TimestampAuthority : IDisposable
{
    private readonly OpensslTimestamper _openssl = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly HttpListener _http = new();
    private readonly Task _loop;

    public TimestampAuthority()
    {
        Url = $"http://127.0.0.1:{FreePort()}/";
        _http.Prefixes.Add(Url);
        _http.Start();
        _loop = RunAsync();
    }

    public string Url { get; }

    public byte[] Root => _openssl.Root;

    /// <summary>How far its clock is off.</summary>
    public TimeSpan Off { get; set; }

    /// <summary>Requests that it answered.</summary>
    public int Answers { get; private set; }

    /// <summary>Answers nobody any more.</summary>
    public void Stop()
    {
        _http.Stop();
        _loop.Wait(TimeSpan.FromSeconds(5));
    }

    public void Dispose()
    {
        Stop();
        _openssl.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task RunAsync()
    {
        while (_http.IsListening)
        {
            try
            {
                var context = await _http.GetContextAsync();
                using var query = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(query);
                var answer = _openssl.Answer(query.ToArray(), DateTimeOffset.UtcNow + Off);
                context.Response.ContentType = "application/timestamp-reply";
                await context.Response.OutputStream.WriteAsync(answer);
                context.Response.Close();
                Answers++;
            }
            catch (HttpListenerException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }
}
