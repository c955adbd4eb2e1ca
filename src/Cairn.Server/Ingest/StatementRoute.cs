using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Server.Ingest;

/// <summary>
/// <c>POST /v1/statements</c>: submissions in order (docs/spec/http-api.md §3). No token: a statement is taken for its
/// issuer's signature and for nothing else.
/// </summary>
internal sealed class StatementRoute(ILedgerClient ledger) : IDisposable
{
    /// <summary>A batch has about 4 MiB; one record with two large contents may have more.</summary>
    private const long MaxBody = 80 * 1024 * 1024;

    // Bodies are held in memory while they are checked: this bounds how much that can be.
    private const int MostAtOnce = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _turns = new(MostAtOnce);

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/statements", (Delegate)SubmitAsync);

    public void Dispose() => _turns.Dispose();

    private async Task<IResult> SubmitAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.ContentType != SubmissionBatch.MediaType)
        {
            return Problems.Problem(415, "media-type", $"expected Content-Type {SubmissionBatch.MediaType}, found \"{request.ContentType}\"");
        }

        if (request.ContentLength is not { } length)
        {
            return Problems.Problem(411, "length", "expected a Content-Length");
        }

        if (length > MaxBody)
        {
            return Problems.Problem(413, "too-large", $"a batch has at most {MaxBody} bytes, found {length}");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBody;
        }

        if (!await _turns.WaitAsync(Patience, context.RequestAborted))
        {
            return Problems.Unavailable($"{MostAtOnce} batches are being checked; try again");
        }

        try
        {
            var body = new byte[length];
            await request.Body.ReadExactlyAsync(body, context.RequestAborted);
            return await AcceptAsync(body, context.RequestAborted);
        }
        catch (EndOfStreamException)
        {
            return Problems.Problem(408, "cut-off", $"the body ended before the {length} bytes that were announced");
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task<IResult> AcceptAsync(byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            var batch = SubmissionBatch.Decode(body);
            if (batch.Count == 0)
            {
                return Problems.Problem(400, "format", "the batch holds no submission; expected at least one");
            }

            var acknowledgements = await ledger.SubmitAsync(batch, cancellationToken);
            return Results.Json(new
            {
                acknowledgements = acknowledgements.Select(a => new { stream = a.Stream.ToString(), seq = a.Seq, index = a.Index }),
            });
        }
        catch (EvidenceFormatException e)
        {
            return Problems.Problem(400, "format", e.Message);
        }
        catch (SubmissionRejectedException e)
        {
            return Problems.Problem(422, e.Code, e.Message);
        }
        catch (LedgerUnavailableException e)
        {
            return Problems.Unavailable(e.Message);
        }
    }
}
