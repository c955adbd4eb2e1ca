using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Witnessing;

namespace Cairn.Ledger.Witnessing;

/// <summary>A witness did not cosign. The message says what it answered, or why it could not be reached.</summary>
internal sealed class WitnessFailureException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The log's side of C2SP tlog-witness, "add-checkpoint".</summary>
internal sealed class WitnessClient(TimeSpan timeout, Action<string> log) : IDisposable
{
    // 409 tells the size that the witness knows; one more may come when another process asks at the same time.
    private const int MostConflicts = 3;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = timeout, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = timeout,
        MaxResponseContentBufferSize = AddCheckpointAnswer.MaxBytes,
    };

    /// <summary>Asks a witness for its cosignatures of a head.</summary>
    /// <param name="endpoint">The witness.</param>
    /// <param name="note">The head with the log's signatures.</param>
    /// <param name="known">The size that it cosigned last, as far as is known.</param>
    /// <param name="tree">Tiles that lead to the head.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>Cosignatures by the witness's keys, each verified.</returns>
    /// <exception cref="WitnessFailureException">It did not cosign.</exception>
    public async Task<IReadOnlyList<NoteSignature>> AskAsync(WitnessEndpoint endpoint, SignedNote note, long known, TileTree tree, CancellationToken cancellationToken)
    {
        var size = Checkpoint.Of(note).Size;
        var old = known <= size ? known : 0;
        for (var conflicts = 0; ; conflicts++)
        {
            var request = new AddCheckpointRequest(old, await tree.ConsistencyPathAsync(old, size, cancellationToken), note);
            var (status, body) = await PostAsync(endpoint, request, cancellationToken);
            switch (status)
            {
                case HttpStatusCode.OK:
                    return Verified(endpoint, note, body);
                case HttpStatusCode.Conflict when conflicts < MostConflicts:
                    old = NextOld(old, size, body);
                    if (old < known && known <= size)
                    {
                        log($"cairn: the witness {endpoint.Name} had cosigned size {known} and now knows {old}: it has forgotten, and could cosign a second history");
                    }

                    break;
                default:
                    throw new WitnessFailureException($"it answered {(int)status}: {Excerpt(body)}");
            }
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>What the witness said, as one line that can't move a terminal's cursor.</summary>
    private static string Excerpt(byte[] body) =>
        string.Concat(Encoding.UTF8.GetString(body).Trim().Take(200).Select(c => char.IsControl(c) ? ' ' : c));

    private static long NextOld(long old, long size, byte[] body)
    {
        var told = Read(() => AddCheckpointAnswer.ParseSize(body));
        return told > size ? throw new WitnessFailureException($"it has cosigned a tree of size {told}, and this one has {size}: it is asked again for a later one. If none comes, this ledger is an older copy of itself")
            : told == old ? throw new WitnessFailureException($"it answered that it knows size {told}, which is what it was told")
            : told;
    }

    private static List<NoteSignature> Verified(WitnessEndpoint endpoint, SignedNote note, byte[] body)
    {
        var lines = Read(() => AddCheckpointAnswer.ParseCosignatures(note, body));
        var answer = new SignedNote(note.Body, lines);
        var good = new List<NoteSignature>();
        foreach (var witness in endpoint.Witnesses)
        {
            if (witness.Key.Verify(answer) is not { Result: NoteCheckResult.Good, Time: not null })
            {
                throw new WitnessFailureException($"it answered without a good cosignature with a time by the key of {witness.Name}");
            }

            good.Add(lines.First(line => line.KeyId == witness.Key.KeyId && line.Name == witness.Key.Name));
        }

        return good;
    }

    private static T Read<T>(Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (EvidenceFormatException problem)
        {
            throw new WitnessFailureException(problem.Message, problem);
        }
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> PostAsync(WitnessEndpoint endpoint, AddCheckpointRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new ByteArrayContent(request.Encode());
            content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
            using var response = await _http.PostAsync(new Uri(endpoint.Url, "add-checkpoint"), content, cancellationToken);
            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new WitnessFailureException(problem is OperationCanceledException ? $"no answer within {timeout.TotalSeconds:0.#} s" : problem.Message, problem);
        }
    }
}
