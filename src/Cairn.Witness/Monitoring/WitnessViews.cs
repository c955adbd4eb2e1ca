using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;

namespace Cairn.Witness.Monitoring;

/// <summary>The latest checkpoint of a log that a witness shows.</summary>
internal sealed record WitnessView(string Name, SignedNote Note);

/// <summary>Asks the policy's witnesses which head of a log they cosigned last (C2SP tlog-witness, "Monitor Retrieval Mechanism").</summary>
internal sealed class WitnessViews(LogPolicy policy) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = SignedNote.MaxBytes };

    /// <summary>What each witness that has a URL shows, once its and the log's signatures are verified.</summary>
    public async Task<IReadOnlyList<WitnessView>> ReadAsync(string origin, Action<MonitorEvent> raise, CancellationToken cancellationToken)
    {
        var views = new List<WitnessView>();
        foreach (var witness in policy.Witnesses.Where(witness => witness.Url is not null).GroupBy(witness => witness.Url!.TrimEnd('/')))
        {
            var name = witness.First().Key.Name;
            try
            {
                using var response = await _http.GetAsync($"{witness.Key}/{OriginHash.Of(origin)}/checkpoint", cancellationToken);
                if (response.StatusCode == System.Net.HttpStatusCode.NotFound)
                {
                    raise(new MonitorEvent(false, MonitorCodes.Witness, $"the witness {name} has cosigned nothing of this ledger"));
                    continue;
                }

                response.EnsureSuccessStatusCode();
                var note = SignedNote.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
                if (Fault(note, origin, witness) is { } fault)
                {
                    raise(new MonitorEvent(true, MonitorCodes.Witness, $"the witness {name} shows a checkpoint {fault}"));
                    continue;
                }

                views.Add(new WitnessView(name, note));
            }
            catch (Exception problem) when (problem is HttpRequestException or EvidenceFormatException or UriFormatException or InvalidOperationException || (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                raise(new MonitorEvent(false, MonitorCodes.Witness, $"the witness {name} can't be asked: {problem.Message}"));
            }
        }

        return views;
    }

    public void Dispose() => _http.Dispose();

    private string? Fault(SignedNote note, string origin, IEnumerable<PolicyWitness> keys)
    {
        if (Checkpoint.Of(note).Origin != origin)
        {
            return $"of another log, {Checkpoint.Of(note).Origin}";
        }

        var log = policy.KeysThatMaySign(origin, Checkpoint.Of(note).Size).Select(key => key.Verify(note).Result).ToList();
        return log.Contains(NoteCheckResult.Bad) || !log.Contains(NoteCheckResult.Good) ? "that the ledger did not sign"
            : keys.Any(key => key.Key.Verify(note).Result != NoteCheckResult.Good) ? "without its own good cosignature"
            : null;
    }
}
