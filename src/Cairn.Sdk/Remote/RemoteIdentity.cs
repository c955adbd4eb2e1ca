using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Files;
using Cairn.Sdk.Remote;

namespace Cairn.Sdk;

/// <summary>
/// An emitter's identity where the authority is a server: a key that never leaves this machine (0600, beside the spool)
/// and SVIDs over it from the server's enrolment. The join token is needed the first time only; afterwards the key
/// itself is the proof. While the server is away, the last SVID is used as long as it lasts.
/// </summary>
public sealed class RemoteIdentity : ISvidSource, IDisposable
{
    private readonly HttpClient _http;
    private readonly SpiffeId _id;
    private readonly string? _joinToken;
    private readonly string _path;

    private RemoteIdentity(HttpClient http, SpiffeId id, string? joinToken, string path) =>
        (_http, _id, _joinToken, _path) = (http, id, joinToken, path);

    /// <summary>The token that the server gave at enrolment, for <see cref="HttpLedgerOptions.Token"/>; null before.</summary>
    public string? AccessToken { get; private set; }

    /// <summary>Opens the identity kept in <paramref name="directory"/>, or makes its key. Safe when several processes do it at once.</summary>
    /// <param name="server">The server, such as <c>http://127.0.0.1:7070</c>.</param>
    /// <param name="id">The wanted SPIFFE ID.</param>
    /// <param name="directory">Where key, certificate and access token are kept: a folder <c>identity</c> beside the spool.</param>
    /// <param name="joinToken">The server's join token; needed until the key is enrolled.</param>
    /// <param name="handler">Another transport than the default one; disposed with this object.</param>
    /// <exception cref="SvidUnavailableException">The folder or the key in it can't be used.</exception>
    public static RemoteIdentity Open(Uri server, SpiffeId id, string directory, string? joinToken, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        try
        {
            DurableFile.CreateDirectory(directory);
            // The id's own text may hold what file names can't; its hash can't.
            var path = Path.Combine(directory, Digest.Sha256(Encoding.UTF8.GetBytes(id.ToString())).ToString()[..24]);
            using (FileLock.Take(path + ".lock", TimeSpan.FromSeconds(10)))
            {
                if (!File.Exists(path + ".key.pem"))
                {
                    using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                    DurableFile.Write(path + ".key.pem", Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
                }
            }

            DurableFile.RequireOwnerOnly(path + ".key.pem");
            var http = new HttpClient(handler ?? new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) })
            {
                BaseAddress = new Uri(server.AbsoluteUri.TrimEnd('/') + "/"), Timeout = TimeSpan.FromSeconds(15),
            };
            return new RemoteIdentity(http, id, joinToken, path) { AccessToken = File.Exists(path + ".token") ? File.ReadAllText(path + ".token").Trim() : null };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw new SvidUnavailableException($"the identity of {id} can't be kept in {directory}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Svid> FetchAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var key = ReadKey();
            var request = new { csr = Convert.ToBase64String(SvidRequest.Create(key, _id)), token = _joinToken };
            using var response = await _http.PostAsJsonAsync("v1/enrol", request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                var problem = await ProblemDocument.ReadAsync(response, cancellationToken);
                throw new SvidUnavailableException($"{_http.BaseAddress} gives no SVID for {_id}: {(int)response.StatusCode} {problem.Detail}");
            }

            using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            byte[][] chain = [.. json.RootElement.GetProperty("chain").EnumerateArray().Select(c => c.GetBytesFromBase64())];
            var svid = ToSvid(chain);
            Keep(chain, json.RootElement.GetProperty("access_token").GetString()!);
            return svid;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Kept() ?? throw new SvidUnavailableException($"no SVID for {_id}: {_http.BaseAddress} could not be reached ({e.Message}), and none is kept that still lasts", e);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or CryptographicException or ArgumentException)
        {
            throw new SvidUnavailableException($"{_http.BaseAddress}v1/enrol was not answered as a Cairn server does: {e.Message}", e);
        }
    }

    /// <summary>Closes the connection; the files stay.</summary>
    public void Dispose() => _http.Dispose();

    private ECDsa ReadKey()
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(_path + ".key.pem"));
        return key;
    }

    private Svid ToSvid(byte[][] chain)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(chain[0]);
        var key = ReadKey();
        return leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
            ? new Svid(_id, key, chain, leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime())
            : throw new SvidUnavailableException($"{_http.BaseAddress} gave a certificate over another key than {_id}'s");
    }

    private void Keep(byte[][] chain, string accessToken)
    {
        DurableFile.Write(_path + ".chain.pem", Encoding.ASCII.GetBytes(string.Concat(chain.Select(c => PemEncoding.WriteString("CERTIFICATE", c) + "\n"))));
        DurableFile.Write(_path + ".token", Encoding.ASCII.GetBytes(accessToken + "\n"));
        AccessToken = accessToken;
    }

    private Svid? Kept()
    {
        if (!File.Exists(_path + ".chain.pem"))
        {
            return null;
        }

        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(File.ReadAllText(_path + ".chain.pem"));
        var svid = ToSvid([.. certificates.Select(c => c.RawData)]);
        if (svid.NotAfter > DateTimeOffset.UtcNow)
        {
            return svid;
        }

        svid.Dispose();
        return null;
    }
}
