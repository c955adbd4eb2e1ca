using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Cairn.Identity;

namespace Cairn.EndToEnd;

/// <summary>The process of <c>cairn gateway</c>.</summary>
internal sealed class RunningGateway(Process process, string origin, Task<string> messages) : IAsyncDisposable
{
    public Uri Url(string route) => new($"{origin}{route}");

    /// <summary>A client that takes the certificate in that file and no other, and shows an SVID where one is given.</summary>
    public static HttpClient Client(string certificateFile, Svid? svid = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) =>
        {
            using var expected = X509Certificate2.CreateFromPem(File.ReadAllText(certificateFile));
            return shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(expected.RawData);
        };
        if (svid is not null)
        {
            using var leaf = X509CertificateLoader.LoadCertificate(svid.Chain[0]);
            using var withKey = leaf.CopyWithPrivateKey(svid.Key);
            handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null)];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, certificates, _, _) => certificates[0];
        }

        return new HttpClient(handler);
    }

    public static async Task<RunningGateway> StartAsync(TemporaryFolder folder, int port, params string[] more)
    {
        var process = Process.Start(CairnProgram.Start(["gateway", "--config", folder["gateway.json"], "--data", folder["data"], .. more]))!;
        var isTls = (await File.ReadAllTextAsync(folder["gateway.json"])).Contains("\"tls\"", StringComparison.Ordinal);
        var gateway = new RunningGateway(process, $"{(isTls ? "https" : "http")}://127.0.0.1:{port}", process.StandardError.ReadToEndAsync());
        using var http = Client(folder["gw.pem"]);
        for (var i = 0; i < 500 && !process.HasExited; i++)
        {
            try
            {
                await http.GetStringAsync(gateway.Url("/healthz"));
                return gateway;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(20);
            }
        }

        process.Kill();
        throw new InvalidOperationException($"the gateway did not start: {await gateway.Messages}");
    }

    public Task<string> Messages => messages;

    /// <summary>Ends it as an operator does: SIGTERM.</summary>
    public async Task<int> EndAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }
}
