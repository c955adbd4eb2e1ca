using System.Buffers.Text;
using System.Globalization;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Submissions;
using Cairn.Ledger;
using Cairn.Server.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Server.Scitt;

/// <summary>
/// The resources of SCRAPI (draft-ietf-scitt-scrapi): registration, receipts, keys (docs/spec/http-api.md §6). A statement
/// without its records is not taken; one that the ledger has gets its receipt.
/// </summary>
internal sealed class ScittRoutes(CairnServerOptions options, EmbeddedLedger ledger, ReceiptDesk desk, Readers readers)
{
    public const string Cose = "application/cose";
    public const string StatementType = "application/scitt-statement+cose";
    public const string ReceiptType = "application/scitt-receipt+cose";
    private const string Cbor = "application/cbor";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/entries", (Delegate)RegisterAsync);
        routes.MapGet("/entries/{id}", ResolveAsync);
        routes.MapGet("/v1/consistency/{older}", (HttpContext context, string older) => ConsistencyAsync(context, older, null));
        routes.MapGet("/v1/consistency/{older}/{newer}", (HttpContext context, string older, string newer) => ConsistencyAsync(context, older, newer));
        routes.MapGet("/.well-known/scitt-keys", () => Results.Bytes(CoseKey.EncodeSet(desk.Keys, desk.Retired), Cbor));
        routes.MapGet("/.well-known/scitt-keys/{kid}", Key);
    }

    private IResult Key(string kid)
    {
        var retired = desk.Retired.FirstOrDefault(retired => KidOf(retired.Key) == kid);
        return KeyOf(kid) is { } key ? Results.Bytes(CoseKey.Encode(key), Cbor)
            : retired is not null ? Results.Bytes(CoseKey.Encode(retired), Cbor)
            : NoSuchKey();
    }

    private Task<IResult> RegisterAsync(HttpContext context) => GuardAsync(async () =>
    {
        var request = context.Request;
        if (!readers.IsReaderOrEmitter(context))
        {
            return ConciseProblem.Unauthorized("send Authorization: Bearer with the data directory's read.token, or the access token that enrolment gave");
        }

        if (request.ContentType is not (Cose or StatementType))
        {
            return new ConciseProblem(415, "Unsupported Media Type", $"expected Content-Type {Cose} or {StatementType}, found \"{request.ContentType}\"");
        }

        if (request.ContentLength is not { } length)
        {
            return new ConciseProblem(411, "Length Required", "expected a Content-Length");
        }

        if (length > SignedStatement.MaxBytes)
        {
            return new ConciseProblem(413, "Too Large", $"a statement has at most {SignedStatement.MaxBytes} bytes, found {length}");
        }

        var body = new byte[length];
        await request.Body.ReadExactlyAsync(body, context.RequestAborted);
        var statement = SignedStatement.Decode(body);
        return ledger.IndexOf(statement) is { } index
            ? await AnswerAsync(context, index, registered: true)
            : new ConciseProblem(
                400, "Records Missing",
                "the ledger has no such statement, and takes a statement only together with the records that it signs: send both to POST /v1/statements (application/cbor), then ask here again");
    });

    private Task<IResult> ResolveAsync(HttpContext context, string id) => GuardAsync(async () =>
    {
        if (!readers.IsReader(context))
        {
            return ConciseProblem.Unauthorized("send Authorization: Bearer with the data directory's read.token");
        }

        return long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && Name(index) == id && index < ledger.Count()
            ? await AnswerAsync(context, index, registered: false)
            : new ConciseProblem(404, "Not Found", $"receipt with entry ID {id} not known to this transparency service");
    });

    /// <summary>The receipt that the tree of the newer size, without one that of the published checkpoint, extends the tree of the older.</summary>
    private Task<IResult> ConsistencyAsync(HttpContext context, string older, string? newer) => GuardAsync(async () =>
    {
        if (!readers.IsReader(context))
        {
            return ConciseProblem.Unauthorized("send Authorization: Bearer with the data directory's read.token");
        }

        var kid = context.Request.Query["kid"].ToString();
        var key = kid.Length == 0 ? desk.Keys[0] : KeyOf(kid);
        if (key is null)
        {
            return NoSuchKey();
        }

        if (Size(older) is not { } from || (newer is not null && Size(newer) is null) || (newer is not null && Size(newer) < from))
        {
            return new ConciseProblem(400, "Malformed Request", $"expected /v1/consistency/FROM or /v1/consistency/FROM/TO with 1 <= FROM <= TO, decimal without leading zeros, found {older} and {newer ?? "no TO"}");
        }

        try
        {
            return Results.Bytes((await desk.ConsistencyAsync(from, newer is null ? null : Size(newer), key, context.RequestAborted)).Bytes.ToArray(), Cose);
        }
        catch (ArgumentOutOfRangeException)
        {
            return new ConciseProblem(404, "Not Found", $"no published checkpoint of this log's present keys covers {newer ?? older} statements");
        }
    });

    private static long? Size(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && Name(size) == text && size > 0 ? size : null;

    private VerifierKey? KeyOf(string kid) => desk.Keys.FirstOrDefault(key => KidOf(key) == kid);

    private static ConciseProblem NoSuchKey() => new(404, "No such key", "no key of this log has that kid, in base64url without padding");

    private async Task<IResult> GuardAsync(Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (EvidenceFormatException e)
        {
            return new ConciseProblem(400, "Rejected", e.Message);
        }
        catch (EndOfStreamException)
        {
            return new ConciseProblem(400, "Malformed Request", "the body ended before the bytes that were announced");
        }
        catch (LedgerUnavailableException e)
        {
            return ConciseProblem.Unavailable(e.Message);
        }
        catch (LedgerInconsistentException e)
        {
            options.Log($"no receipt can be given: {e.Message}");
            return ConciseProblem.Unavailable("the ledger can't give this receipt; its log says why");
        }
    }

    /// <summary>The receipt, or where to ask again while no checkpoint covers the statement (303 for a registration, 302 for a question).</summary>
    private async Task<IResult> AnswerAsync(HttpContext context, long index, bool registered)
    {
        var headers = context.Response.Headers;
        var location = $"{context.Request.Scheme}://{context.Request.Host}/entries/{Name(index)}";
        try
        {
            await ledger.WaitForCheckpointAsync(index, options.ReceiptPatience, context.RequestAborted);
        }
        catch (LedgerUnavailableException e) when (e.InnerException is null)
        {
            // No checkpoint yet. With an inner exception none can be made, which is an error and no matter of time.
            (headers.Location, headers.RetryAfter) = (location, "1");
            return Results.StatusCode(registered ? 303 : 302);
        }

        var accept = context.Request.Headers.Accept.ToString();
        var isTransparent = accept.Contains(StatementType, StringComparison.OrdinalIgnoreCase);
        var bytes = isTransparent ? (await desk.TransparentAsync(index, context.RequestAborted)).Encode() : (await desk.ReceiptAsync(index, context.RequestAborted)).Bytes.ToArray();
        (headers.Location, context.Response.StatusCode) = (location, registered ? 201 : 200);
        return Results.Bytes(bytes, isTransparent ? StatementType : accept.Contains(ReceiptType, StringComparison.OrdinalIgnoreCase) ? ReceiptType : Cose);
    }

    private static string KidOf(VerifierKey key) => Base64Url.EncodeToString(CoseKey.Thumbprint(key).ToArray());

    private static string Name(long index) => index.ToString(CultureInfo.InvariantCulture);
}
