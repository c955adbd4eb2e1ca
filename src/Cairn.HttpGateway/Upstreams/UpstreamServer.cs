using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Cairn.HttpGateway.Callers;
using Cairn.HttpGateway.Configuration;
using Cairn.Identity.Files;

namespace Cairn.HttpGateway.Upstreams;

/// <summary>The connections to one server. No redirect is followed, no cookie kept, no proxy of the environment used.</summary>
internal sealed class UpstreamServer : IDisposable
{
    private readonly HttpClient _client;
    private readonly IReadOnlyList<(string Name, string Value)> _headers;

    /// <exception cref="ConfigurationException">A certificate or a secret can't be used.</exception>
    public UpstreamServer(Upstream upstream, Timeouts timeouts)
    {
        Options = upstream;
        _headers = [.. upstream.HeaderFiles.Select(h => (h.Key, SecretFile.Read(h.Value)))];
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = timeouts.Connect,
            MaxConnectionsPerServer = int.MaxValue,
            EnableMultipleHttp2Connections = true,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ActivityHeadersPropagator = null,
            SslOptions = TlsOf(upstream),
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public Upstream Options { get; }

    /// <summary>The secrets that every request carries.</summary>
    public IReadOnlyList<string> Secrets => [.. _headers.Select(h => h.Value)];

    /// <summary>A request to the server, of the newest HTTP version that it speaks.</summary>
    public HttpRequestMessage Request(HttpMethod method)
    {
        var request = new HttpRequestMessage(method, Options.Url)
        {
            Version = Options.Url.Scheme == "https" ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        return request;
    }

    /// <summary>Sends a request with the secrets of this server added; returns once the answer's headers are there.</summary>
    /// <exception cref="HttpRequestException">The server can't be reached, or breaks off.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        foreach (var (name, value) in _headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    public void Dispose() => _client.Dispose();

    private static SslClientAuthenticationOptions TlsOf(Upstream upstream)
    {
        var tls = new SslClientAuthenticationOptions();
        try
        {
            if (upstream.CertificateFile is { } certificate)
            {
                tls.ClientCertificateContext = CertificateFiles.Read(certificate, upstream.KeyFile!, TlsIdentity.Load);
            }

            if (upstream.AuthoritiesFile is { } authorities)
            {
                var roots = new X509Certificate2Collection();
                roots.ImportFromPemFile(authorities);
                if (roots.Count == 0)
                {
                    throw new ConfigurationException($"{authorities}: expected PEM certificates, found none");
                }

                tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                tls.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
            }
        }
        catch (System.Security.Cryptography.CryptographicException e)
        {
            throw new ConfigurationException($"certificates for {upstream.Url.GetLeftPart(UriPartial.Path)} can't be used: {e.Message}", e);
        }

        return tls;
    }
}

/// <summary>Certificates and keys in PEM files.</summary>
internal static class CertificateFiles
{
    /// <summary>What a reading of a certificate and its key gives.</summary>
    /// <exception cref="ConfigurationException">The files can't be used.</exception>
    public static T Read<T>(string certificateFile, string keyFile, Func<string, string, T> read)
    {
        try
        {
            return read(certificateFile, keyFile);
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{certificateFile} and {keyFile} can't be used as certificate and key: {e.Message}", e);
        }
    }
}
