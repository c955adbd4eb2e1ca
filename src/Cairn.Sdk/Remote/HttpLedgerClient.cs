using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Trust;
using Cairn.Sdk.Remote;

namespace Cairn.Sdk;

/// <summary>How to reach a Cairn server.</summary>
public sealed record HttpLedgerOptions
{
    /// <summary>Gives the bearer token for what needs one (counts); null when there is none yet. Submissions need none: they are signed.</summary>
    public Func<string?> Token { get; init; } = static () => null;

    /// <summary>When given, a checkpoint that this policy does not accept is not believed.</summary>
    public LogPolicy? Policy { get; init; }

    /// <summary>Another transport than the default one, such as one with a client certificate. The client disposes it.</summary>
    public HttpMessageHandler? Handler { get; init; }
}

/// <summary>
/// A ledger behind a Cairn server (docs/spec/http-api.md). An answer counts only when it is a Cairn server's own: a
/// refusal is final only with a problem document and its code; anything else (a proxy's page, a wrong address, a broken
/// connection) leaves the evidence where it is, to be tried again.
/// </summary>
public sealed class HttpLedgerClient : ILedgerClient, IDisposable
{
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly HttpLedgerOptions _options;

    /// <summary>A client for the server at <paramref name="server"/>, such as <c>http://127.0.0.1:7070</c>.</summary>
    public HttpLedgerClient(Uri server, HttpLedgerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        _options = options ?? new HttpLedgerOptions();
        var handler = _options.Handler ?? new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(5) };
        _http = new HttpClient(handler)
        {
            BaseAddress = new Uri(server.AbsoluteUri.TrimEnd('/') + "/"),
            Timeout = Timeout.InfiniteTimeSpan, // the emitter's own limits apply
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Acknowledgement>> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken ct)
    {
        using var content = new ByteArrayContent(SubmissionBatch.Encode(batch));
        content.Headers.ContentType = new MediaTypeHeaderValue(SubmissionBatch.MediaType);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/statements") { Content = content };
        return await ReadAsync(request, static root => root.GetProperty("acknowledgements").EnumerateArray()
            .Select(a => new Acknowledgement(StreamId.Parse(a.GetProperty("stream").GetString()!), a.GetProperty("seq").GetInt64(), a.GetProperty("index").GetInt64()))
            .ToArray(), ct);
    }

    /// <inheritdoc/>
    public async ValueTask<TreeHead?> NewestHeadAsync(CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/checkpoint");
        var text = await ReadAsync(request, static root => root.GetProperty("checkpoint").GetString(), ct);
        if (text is null)
        {
            return null;
        }

        try
        {
            var note = SignedNote.Parse(System.Text.Encoding.UTF8.GetBytes(text));
            return _options.Policy is { } policy && policy.Check(note) is { Accepted: false } verdict
                ? throw new LedgerUnavailableException($"the checkpoint of {_http.BaseAddress} is not accepted by the log policy: {string.Join("; ", verdict.Failures)}")
                : Checkpoint.Of(note).Head;
        }
        catch (EvidenceFormatException e)
        {
            throw new LedgerUnavailableException($"{_http.BaseAddress}v1/checkpoint does not hold a checkpoint: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<EmitterCount>> CountsAsync(TraceId trace, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/trails/{trace}/counts");
        return await ReadAsync(request, static root => root.GetProperty("emitters").EnumerateArray()
            .Select(e => new EmitterCount(SpiffeId.Parse(e.GetProperty("emitter").GetString()!), StreamId.Parse(e.GetProperty("stream").GetString()!), e.GetProperty("records").GetInt64()))
            .ToArray(), ct);
    }

    /// <summary>The receipt of a statement, as C2SP tlog-proof text; waits on the server's side until a checkpoint covers it.</summary>
    /// <exception cref="LedgerUnavailableException">The server could not be reached, or has no checkpoint that covers it yet.</exception>
    public async ValueTask<byte[]> ReceiptAsync(long index, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/receipts/{index}");
        using var response = await SendAsync(request, cancellationToken);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();

    private async Task<T> ReadAsync<T>(HttpRequestMessage request, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        try
        {
            using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return read(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or HttpRequestException)
        {
            throw new LedgerUnavailableException($"{request.Method} {request.RequestUri} was not answered as a Cairn server does: {e.Message}", e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_options.Token() is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new LedgerUnavailableException($"the server {_http.BaseAddress} could not be reached: {e.Message}", e);
        }

        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            var problem = await ProblemDocument.ReadAsync(response, cancellationToken);
            throw problem.IsFinal
                ? new SubmissionRejectedException(problem.Code!, problem.Detail)
                : new LedgerUnavailableException($"{request.Method} {request.RequestUri}: {(int)response.StatusCode} {problem.Detail}");
        }
    }
}
