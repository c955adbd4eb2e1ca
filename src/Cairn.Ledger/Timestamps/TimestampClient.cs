using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;
using Cairn.Evidence.Trust;

namespace Cairn.Ledger.Timestamps;

/// <summary>Asks timestamp authorities for tokens over checkpoints (RFC 3161, over HTTP by §3.4), and keeps those that hold.</summary>
public sealed class TimestampClient(HttpClient http, AnchorStore anchors, TimeProvider time)
{
    private const int NonceBytes = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>Has a checkpoint stamped by one authority.</summary>
    /// <param name="checkpoint">The signed checkpoint.</param>
    /// <param name="service">The authority; it has a URL.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the token says.</returns>
    /// <exception cref="TimestampException">The authority can't be reached, refuses, or gave a token that a verifier would not take; nothing is kept.</exception>
    public async Task<TimestampCheck> StampAsync(SignedNote checkpoint, TimestampService service, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(service);
        var text = Encoding.UTF8.GetBytes(checkpoint.Body);
        var request = Rfc3161TimestampRequest.CreateFromHash(
            SHA256.HashData(text), HashAlgorithmName.SHA256, requestSignerCertificates: true, nonce: RandomNumberGenerator.GetBytes(NonceBytes));
        var token = Token(request, await AskAsync(service, request.Encode(), cancellationToken), service);
        var check = TimestampToken.Verify(token, text, [new Timestamper(service.Name, [.. service.Roots.Select(root => (ReadOnlyMemory<byte>)root)])]);
        if (!check.IsGood)
        {
            throw new TimestampException($"{service.Name} gave a token that verifiers would refuse ({check.Fault.ToString().ToLowerInvariant()}: {check.Reason}); it is not kept");
        }

        if ((check.Time - time.GetUtcNow()).Duration() > Tolerance)
        {
            throw new TimestampException($"{service.Name} says that it is {check.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, this machine {time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}: one clock is wrong; the token is not kept");
        }

        anchors.Add(checkpoint, service.Name, token);
        return check;
    }

    private static byte[] Token(Rfc3161TimestampRequest request, byte[] answer, TimestampService service)
    {
        try
        {
            // Compares status, nonce and imprint with the request.
            return request.ProcessResponse(answer, out _).AsSignedCms().Encode();
        }
        catch (CryptographicException problem)
        {
            throw new TimestampException($"{service.Name} gave no token that answers the request: {problem.Message}", problem);
        }
    }

    private async Task<byte[]> AskAsync(TimestampService service, byte[] query, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var content = new ByteArrayContent(query);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/timestamp-query");
            using var answer = await http.PostAsync(service.Url, content, patience.Token);
            if (!answer.IsSuccessStatusCode)
            {
                throw new TimestampException($"{service.Name} at {service.Url} answered {(int)answer.StatusCode} {answer.ReasonPhrase}");
            }

            await using var body = await answer.Content.ReadAsStreamAsync(patience.Token);
            var bytes = new byte[TimestampToken.MaxBytes + 1];
            var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, patience.Token);
            return length <= TimestampToken.MaxBytes ? bytes[..length] : throw new TimestampException($"{service.Name} at {service.Url} answered more than {TimestampToken.MaxBytes} bytes");
        }
        catch (HttpRequestException problem)
        {
            throw new TimestampException($"{service.Name} can't be asked at {service.Url}: {problem.Message}", problem);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimestampException($"{service.Name} at {service.Url} did not answer within {Patience.TotalSeconds} s", problem);
        }
    }
}
