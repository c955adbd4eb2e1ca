using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Tiles;
using Cairn.Ledger;
using Cairn.Server.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Server.Reading;

/// <summary>Everything that only reads: checkpoints, tiles, receipts, counts, trails (docs/spec/http-api.md §5).</summary>
internal sealed class ReadingRoutes(CairnServerOptions options, LedgerDirectory directory, EmbeddedLedger ledger, Readers readers)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", Health);
        routes.MapGet("/checkpoint", (HttpContext context) => Published(context));
        routes.MapGet("/v1/checkpoint", Newest);
        routes.MapGet("/tile/{**path}", Tile).AddEndpointFilter(readers.RequireReader);
        routes.MapGet("/v1/receipts/{index}", ReceiptAsync).AddEndpointFilter(readers.RequireReader);
        routes.MapGet("/v1/trails", Trails).AddEndpointFilter(readers.RequireReader);
        routes.MapGet("/v1/trails/{trace}/counts", CountsAsync).AddEndpointFilter(readers.RequireReaderOrEmitter);
    }

    private IResult Health()
    {
        try
        {
            return Results.Json(new { status = "ok", origin = directory.Origin, statements = ledger.Count(), witnesses = Standing(ledger.NewestCheckpoint()) });
        }
        catch (LedgerUnavailableException e)
        {
            return Problems.Unavailable(e.Message);
        }
    }

    // The static log, as any tlog client reads it (C2SP tlog-tiles).
    private IResult Published(HttpContext context)
    {
        context.Response.Headers.CacheControl = "public, max-age=1";
        if (ledger.FinalCheckpoint() is null && ledger.NewestCheckpoint() is { } waiting && ledger.Standing(waiting) is { IsMet: false } standing)
        {
            context.Response.Headers["Cairn-Witnesses"] = standing.ToString();
        }

        return FileOrNot(Path.Combine(directory.TilesPath, "checkpoint"), "text/plain; charset=utf-8");
    }

    private IResult Newest() => Reading(() => Results.Json(new { checkpoint = Text(ledger.Checkpoint), final = Text(ledger.FinalCheckpoint()), witnesses = Standing(ledger.NewestCheckpoint()) }));

    private static string? Text(SignedNote? note) => note is null ? null : System.Text.Encoding.UTF8.GetString(note.Encode());

    /// <summary>What a checkpoint has of what the ledger's witness policy asks for.</summary>
    private object? Standing(SignedNote? note) => note is null || ledger.Standing(note) is not { } standing ? null : new
    {
        size = standing.Size,
        final = standing.IsMet,
        quorum = standing.Quorum ?? "none",
        witness_keys = standing.Asked,
        cosigned = standing.Cosigned.Select(one => new { witness = one.Name, time = one.Time }),
        missing_since = standing.MissingSince,
    };

    private IResult Tile(HttpContext context, string path)
    {
        // Only what parses as a coordinate is looked up, under the name that the coordinate itself gives.
        var name = $"tile/{path}";
        var file = TileCoordinate.TryParse(name, out var tile) ? tile.Path : EntryBundleCoordinate.TryParse(name, out var bundle) ? bundle.Path : null;
        if (file is null)
        {
            return Problems.Problem(404, "no-such-tile", $"\"{name}\" names no tile");
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return FileOrNot(Path.Combine(directory.TilesPath, file), "application/octet-stream");
    }

    private async Task<IResult> ReceiptAsync(HttpContext context, string index)
    {
        if (!long.TryParse(index, System.Globalization.NumberStyles.None, null, out var wanted))
        {
            return Problems.Problem(404, "no-such-statement", $"expected a statement's index, found \"{index}\"");
        }

        try
        {
            if (wanted >= ledger.Count())
            {
                return Problems.Problem(404, "no-such-statement", $"the ledger has {ledger.Count()} statements; there is none with index {wanted}");
            }

            await ledger.WaitForCheckpointAsync(wanted, options.ReceiptPatience, context.RequestAborted);
            var proof = await ledger.ReceiptAsync(wanted, context.RequestAborted);
            context.Response.Headers["Cairn-Witnesses"] = ledger.Standing(proof.Checkpoint).ToString();
            return Results.Bytes(proof.Encode(), "text/plain; charset=utf-8");
        }
        catch (LedgerUnavailableException e)
        {
            return Problems.Unavailable(e.Message);
        }
    }

    private IResult Trails() => Reading(() => Results.Json(new { trails = ledger.Trails().Select(t => new { trace = t.Trace.ToString(), first_index = t.FirstIndex }) }));

    private async Task<IResult> CountsAsync(string trace, CancellationToken cancellationToken)
    {
        if (!TraceId.TryParse(trace, out var id))
        {
            return Problems.Problem(400, "format", "expected a trace id of 32 lower-case hexadecimal digits, not all zero");
        }

        try
        {
            var counts = await ledger.CountsAsync(id, cancellationToken);
            return Results.Json(new
            {
                trace = id.ToString(), emitters = counts.Select(c => new { emitter = c.Emitter.ToString(), stream = c.Stream.ToString(), records = c.Records }),
            });
        }
        catch (LedgerUnavailableException e)
        {
            return Problems.Unavailable(e.Message);
        }
    }

    private static IResult Reading(Func<IResult> read)
    {
        try
        {
            return read();
        }
        catch (LedgerUnavailableException e)
        {
            return Problems.Unavailable(e.Message);
        }
    }

    private static IResult FileOrNot(string path, string type)
    {
        try
        {
            return Results.Bytes(File.ReadAllBytes(path), type);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Problems.Problem(404, "not-published", "there is no such resource yet");
        }
    }
}
