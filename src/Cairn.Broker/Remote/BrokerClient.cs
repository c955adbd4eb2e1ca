using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Cairn.Broker.Clients;
using Cairn.Broker.Endpoints;
using Cairn.Broker.Proofs;
using Cairn.Broker.Remote;
using Cairn.Broker.Tokens;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Credentials;

namespace Cairn.Broker;

/// <summary>
/// Asks a broker over HTTP, as the workload of an SVID. Whatever keeps an answer from coming is a refusal,
/// <c>unavailable</c>: nothing passes because the broker is down. Safe for many calls at once.
/// </summary>
public sealed class BrokerClient : IIntrospection, IDisposable
{
    private const int MaxAnswer = 256 * 1024;
    private static readonly TimeSpan AssertionLifetime = TimeSpan.FromSeconds(60);
    private readonly BrokerClientOptions _options;
    private readonly EndpointAddresses _addresses;
    private readonly SvidKeeper _svids;
    private readonly HttpClient _http;
    private string? _nonce;

    /// <summary>A client; nothing is asked yet.</summary>
    /// <exception cref="ArgumentException">The issuer is no http or https address, or mutual TLS is wanted without TLS.</exception>
    public BrokerClient(BrokerClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Uri.TryCreate(options.Issuer, UriKind.Absolute, out var issuer) || issuer.Scheme is not ("http" or "https") || (options.MutualTls && issuer.Scheme != "https"))
        {
            throw new ArgumentException($"the issuer \"{options.Issuer}\" is no {(options.MutualTls ? "https" : "http or https")} address", nameof(options));
        }

        _options = options;
        _addresses = new EndpointAddresses(options.Issuer);
        _svids = new SvidKeeper(options.Identity, options.Time);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // what is asked holds secrets: it goes where it was meant to
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = options.Timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1), // a new SVID needs new connections
        };
        if (options.MutualTls)
        {
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => _svids.Certificate!;
        }

        if (options.ServerRoots is not [])
        {
            handler.SslOptions.RemoteCertificateValidationCallback = IsOfRoots;
        }

        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswer };
    }

    /// <summary>The broker.</summary>
    public string Issuer => _options.Issuer;

    /// <inheritdoc/>
    public async ValueTask<bool> IsActiveAsync(string token, string? usedAt, string proof, TraceParent? context, CancellationToken cancellationToken)
    {
        List<KeyValuePair<string, string>> form = [new("token", token), new("token_type_hint", "access_token")];
        if (usedAt is not null)
        {
            form.AddRange([new("used_at", usedAt), new("used_proof", proof)]);
        }

        var answer = await AskAsync(EndpointAddresses.Introspection, form, null, context, cancellationToken);
        return answer.TryGetProperty("active", out var active) && active.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? active.GetBoolean()
            : throw new CredentialRefusedException("unavailable", $"{_options.Issuer} does not say whether the token is active");
    }

    /// <summary>Revokes a token and all that descend from it.</summary>
    /// <exception cref="CredentialRefusedException">It is not revoked, as far as is known.</exception>
    public async ValueTask RevokeAsync(string token, string reason, CancellationToken cancellationToken) =>
        _ = await AskAsync(EndpointAddresses.Revocation, [new("token", token), new("reason", reason)], null, null, cancellationToken);

    /// <summary>Closes the connections and frees the keys.</summary>
    public void Dispose()
    {
        _http.Dispose();
        _svids.Dispose();
    }

    /// <summary>The workload that asks.</summary>
    internal async ValueTask<SpiffeId> IdAsync(CancellationToken cancellationToken) => (await SvidAsync(cancellationToken)).Svid.Id;

    /// <summary>Asks for a token, bound to the key where one is given.</summary>
    internal ValueTask<JsonElement> TokenAsync(IReadOnlyList<KeyValuePair<string, string>> form, HolderKey? key, TraceParent context, CancellationToken cancellationToken) =>
        AskAsync(EndpointAddresses.Token, form, key, context, cancellationToken);

    private async ValueTask<JsonElement> AskAsync(string endpoint, IReadOnlyList<KeyValuePair<string, string>> form, HolderKey? key, TraceParent? context, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_options.Timeout);
        try
        {
            for (var isSecond = false; ; isSecond = true)
            {
                var answer = await SendAsync(endpoint, form, key, context, patience.Token);
                if (answer.Refused is not { } refused)
                {
                    return answer.Json;
                }

                // RFC 9449 §8: once more, with the nonce that came along.
                if (refused.Error != "use_dpop_nonce" || isSecond)
                {
                    throw refused;
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CredentialRefusedException("unavailable", $"{_options.Issuer} did not answer within {_options.Timeout.TotalSeconds:0.#} s", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new CredentialRefusedException("unavailable", $"{_addresses.Of(endpoint)} could not be asked: {e.Message}", e);
        }
    }

    private async ValueTask<(JsonElement Json, CredentialRefusedException? Refused)> SendAsync(
        string endpoint, IReadOnlyList<KeyValuePair<string, string>> form, HolderKey? key, TraceParent? context, CancellationToken cancellationToken)
    {
        var svid = (await SvidAsync(cancellationToken)).Svid;
        var address = _addresses.Of(endpoint);
        IEnumerable<KeyValuePair<string, string>> proof = _options.MutualTls
            ? [new("client_id", svid.Id.ToString())]
            : [new("client_assertion_type", AssertionTypes.Jwt), new("client_assertion", Assertion(svid))];
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form.Concat(proof)) };
        request.Headers.Accept.ParseAdd("application/json");
        if (context is { } trail)
        {
            request.Headers.Add("traceparent", trail.ToString());
        }

        if (key is not null)
        {
            request.Headers.Add("DPoP", key.Prove(HttpMethod.Post, address, null, Volatile.Read(ref _nonce)));
        }

        using var response = await _http.SendAsync(request, cancellationToken);
        if (response.Headers.TryGetValues("DPoP-Nonce", out var nonces))
        {
            Volatile.Write(ref _nonce, nonces.First());
        }

        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var json = body.Length == 0 ? JsonDocument.Parse("{}").RootElement : JsonDocument.Parse(body).RootElement;
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException($"expected a JSON object, found a JSON {json.ValueKind}");
        }

        return response.StatusCode == HttpStatusCode.OK ? (json, null) : (json, Refusal(response.StatusCode, json));
    }

    private CredentialRefusedException Refusal(HttpStatusCode status, JsonElement json)
    {
        var error = json.TryGetProperty("error", out var code) && code.ValueKind == JsonValueKind.String ? code.GetString()! : "";
        var why = json.TryGetProperty("error_description", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : $"status {(int)status} and no reason";
        return error is "" or "temporarily_unavailable" or "server_error" || (int)status >= 500
            ? new CredentialRefusedException("unavailable", $"{_options.Issuer}: {why}")
            : new CredentialRefusedException(error, why);
    }

    private async ValueTask<SvidKeeper.Current> SvidAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _svids.GetAsync(cancellationToken);
        }
        catch (SvidUnavailableException e)
        {
            throw new CredentialRefusedException("unavailable", $"this workload has no SVID to authenticate with: {e.Message}", e);
        }
    }

    // RFC 7523 §3, with the SVID in the header (RFC 7515 §4.1.6): the broker knows the key by the trust domain's authority.
    private string Assertion(Svid svid)
    {
        var now = _options.Time.GetUtcNow();
        var end = now + AssertionLifetime < svid.NotAfter ? now + AssertionLifetime : svid.NotAfter;
        return CompactJws.Sign(
            svid.Key,
            header =>
            {
                header.WriteString("typ"u8, "JWT");
                header.WriteString("alg"u8, "ES256");
                header.WriteStartArray("x5c"u8);
                foreach (var certificate in svid.Chain)
                {
                    header.WriteBase64StringValue(certificate);
                }

                header.WriteEndArray();
            },
            claims =>
            {
                claims.WriteString("iss"u8, svid.Id.ToString());
                claims.WriteString("sub"u8, svid.Id.ToString());
                claims.WriteString("aud"u8, _options.Issuer);
                claims.WriteString("jti"u8, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));
                claims.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
                claims.WriteNumber("exp"u8, end.ToUnixTimeSeconds());
            });
    }

    private bool IsOfRoots(object sender, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // private roots
        chain.ChainPolicy.DisableCertificateDownloads = true;
        foreach (var root in _options.ServerRoots)
        {
            chain.ChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificate(root.Span));
        }

        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? new X509Certificate2Collection());
        return chain.Build(leaf);
    }
}
