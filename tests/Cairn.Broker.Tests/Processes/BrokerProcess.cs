using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Cairn.Broker.Tests.Processes;

/// <summary>The real program: <c>cairn broker serve</c> and other commands, each a process of its own.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _said = [];

    private BrokerProcess(Process process) => _process = process;

    public string Url { get; private init; } = "";

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Serves a data directory and waits until it answers.</summary>
    public static async Task<BrokerProcess> ServeAsync(string data, string url)
    {
        var broker = new BrokerProcess(Start(["broker", "serve", "--data", data, "--urls", url])) { Url = url };
        broker._process.OutputDataReceived += (_, e) => broker.Note(e.Data);
        broker._process.ErrorDataReceived += (_, e) => broker.Note(e.Data);
        broker._process.BeginOutputReadLine();
        broker._process.BeginErrorReadLine();
        broker._process.StandardInput.Close();
        using var http = new HttpClient();
        for (var until = DateTime.UtcNow.AddSeconds(60); ; await Task.Delay(50, BrokerBench.Cancel))
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"{url}/jwks"), BrokerBench.Cancel);
                if (answer.IsSuccessStatusCode)
                {
                    return broker;
                }
            }
            catch (HttpRequestException) when (DateTime.UtcNow < until && !broker._process.HasExited)
            {
                // not listening yet
            }

            Assert.True(DateTime.UtcNow < until && !broker._process.HasExited, $"the broker did not start: {broker.Said()}");
        }
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int Code, string Out, string Error)> RunAsync(string[] arguments, string input = "")
    {
        using var process = Start(arguments);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(BrokerBench.Cancel), process.StandardError.ReadToEndAsync(BrokerBench.Cancel));
        await process.WaitForExitAsync(BrokerBench.Cancel);
        return (process.ExitCode, await output, await error);
    }

    public string Said()
    {
        lock (_said)
        {
            return string.Join('\n', _said);
        }
    }

    /// <summary>SIGKILL: nothing is said and nothing is finished.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(BrokerBench.Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var term = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            if (await Task.WhenAny(_process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(15))) is { IsCompletedSuccessfully: true } && !_process.HasExited)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    private static Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(Program());
        arguments.ToList().ForEach(start.ArgumentList.Add);
        start.Environment["NO_COLOR"] = "1";
        start.Environment["CAIRN_DATA"] = "";
        return Process.Start(start)!;
    }

    // The program as it was built beside these tests, in the same configuration.
    private static string Program()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Repository.Home, "src", "Cairn.Cli", "bin", output.Parent!.Name, output.Name, "cairn.dll");
    }

    private void Note(string? line)
    {
        lock (_said)
        {
            _said.Add(line ?? "");
        }
    }
}
