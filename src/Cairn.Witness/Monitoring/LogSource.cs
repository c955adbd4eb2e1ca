using System.Net;
using System.Net.Http.Headers;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tiles;

namespace Cairn.Witness.Monitoring;

/// <summary>The log can't be read: it does not answer, or lacks a file that its checkpoint promises.</summary>
public sealed class LogUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A static log as any tlog client reads it (C2SP tlog-tiles): over HTTP, or from a folder.</summary>
public abstract class LogSource : ITileReader, IDisposable
{
    // An entry bundle of 256 entries of 65,535 bytes each.
    private const int MostBytes = 256 * (EntryBundle.MaxEntry + 2);

    /// <summary>What people call it: the URL or the folder.</summary>
    public abstract string Name { get; }

    /// <summary>The source for an http or https URL, a log's folder, or a ledger's data directory.</summary>
    /// <param name="place">The URL or path.</param>
    /// <param name="readToken">The ledger's read token; null where reading is open.</param>
    /// <exception cref="LogUnavailableException">There is no log at the path.</exception>
    public static LogSource Open(string place, string? readToken = null)
    {
        if (Uri.TryCreate(place, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return new HttpLogSource(url, readToken);
        }

        var folder = Path.GetFullPath(place);
        return Directory.Exists(Path.Combine(folder, "ledger")) ? new FolderLogSource(Path.Combine(folder, "ledger"))
            : Directory.Exists(folder) ? new FolderLogSource(folder)
            : throw new LogUnavailableException($"{place} is neither a URL nor a folder with a log");
    }

    /// <summary>The published checkpoint; null when the log has published none.</summary>
    /// <exception cref="LogUnavailableException">The log does not answer.</exception>
    /// <exception cref="EvidenceFormatException">What it answers is no signed note.</exception>
    public async Task<SignedNote?> CheckpointAsync(CancellationToken cancellationToken) =>
        await ReadFileAsync("checkpoint", SignedNote.MaxBytes, cancellationToken) is { } bytes ? SignedNote.Parse(bytes) : null;

    /// <inheritdoc/>
    /// <exception cref="LogUnavailableException">Neither the tile nor its full form is there.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(TileCoordinate tile, CancellationToken cancellationToken)
    {
        var bytes = await ReadEitherAsync(tile.Path, (tile with { Width = TileCoordinate.FullWidth }).Path, TileCoordinate.FullWidth * Digest.Size, cancellationToken);
        return bytes.AsMemory(0, Math.Min(bytes.Length, tile.Width * Digest.Size));
    }

    /// <summary>The entries of a bundle, as many as the coordinate is wide.</summary>
    /// <exception cref="LogUnavailableException">Neither the bundle nor its full form is there.</exception>
    /// <exception cref="EvidenceFormatException">It is no bundle, or too short.</exception>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> EntriesAsync(EntryBundleCoordinate bundle, CancellationToken cancellationToken)
    {
        var entries = EntryBundle.Parse(await ReadEitherAsync(bundle.Path, (bundle with { Width = TileCoordinate.FullWidth }).Path, MostBytes, cancellationToken));
        return entries.Count >= bundle.Width
            ? entries[..bundle.Width]
            : throw new EvidenceFormatException($"{bundle.Path} should hold {bundle.Width} entries, found {entries.Count}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what a kind of source holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>A file of the log; null when it is not there.</summary>
    protected abstract Task<byte[]?> ReadFileAsync(string path, int most, CancellationToken cancellationToken);

    private async Task<byte[]> ReadEitherAsync(string exact, string full, int most, CancellationToken cancellationToken) =>
        await ReadFileAsync(exact, most, cancellationToken)
        ?? (exact == full ? null : await ReadFileAsync(full, most, cancellationToken))
        ?? throw new LogUnavailableException($"{Name} lacks {exact}, which its checkpoint promises");

    private sealed class FolderLogSource(string folder) : LogSource
    {
        public override string Name => folder;

        protected override async Task<byte[]?> ReadFileAsync(string path, int most, CancellationToken cancellationToken)
        {
            try
            {
                return await File.ReadAllBytesAsync(Path.Combine(folder, path), cancellationToken);
            }
            catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                throw new LogUnavailableException($"{folder}/{path} can't be read: {problem.Message}", problem);
            }
        }
    }

    private sealed class HttpLogSource : LogSource
    {
        private readonly Uri _prefix;
        private readonly HttpClient _http;

        public HttpLogSource(Uri url, string? readToken)
        {
            _prefix = new Uri(url.AbsoluteUri.TrimEnd('/') + "/");
            _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MostBytes };
            if (readToken is not null)
            {
                _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", readToken);
            }
        }

        public override string Name => _prefix.AbsoluteUri;

        protected override async Task<byte[]?> ReadFileAsync(string path, int most, CancellationToken cancellationToken)
        {
            try
            {
                using var response = await _http.GetAsync(new Uri(_prefix, path), cancellationToken);
                return response.StatusCode switch
                {
                    HttpStatusCode.OK when await response.Content.ReadAsByteArrayAsync(cancellationToken) is var bytes => bytes.Length <= most ? bytes : throw new EvidenceFormatException($"{_prefix}{path} has {bytes.Length} bytes, more than {most}"),
                    HttpStatusCode.NotFound => null,
                    HttpStatusCode.Unauthorized => throw new LogUnavailableException($"{_prefix}{path}: the ledger asks for its read token; set CAIRN_READ_TOKEN"),
                    var status => throw new LogUnavailableException($"{_prefix}{path} answers {(int)status}"),
                };
            }
            catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new LogUnavailableException($"{_prefix} does not answer: {problem.Message}", problem);
            }
        }

        protected override void Dispose(bool disposing)
        {
            _http.Dispose();
            base.Dispose(disposing);
        }
    }
}
