using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Cairn.Server.Tests;

/// <summary>A server in a process of its own (this test executable started again), to be killed at any time.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const string DataVariable = "CAIRN_TEST_SERVE_DATA";
    private const string UrlVariable = "CAIRN_TEST_SERVE_URL";
    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    /// <summary>A port that was free a moment ago, so that a restarted server has the same address.</summary>
    public static Uri FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    public static async Task<ServerProcess> StartAsync(string data, Uri url)
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            Environment = { [DataVariable] = data, [UrlVariable] = url.ToString() },
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(ServerBench.Cancel));
        return new ServerProcess(process);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(ServerBench.Cancel);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(DataVariable) is { } data)
        {
            var options = new CairnServerOptions { DataPath = data, Url = Environment.GetEnvironmentVariable(UrlVariable)! };

            // On this thread: until a module's initializer has ended, other threads wait at the module's door.
            _ = CairnServer.StartAsync(options, CancellationToken.None).GetAwaiter().GetResult();
            Console.WriteLine("ready");
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
