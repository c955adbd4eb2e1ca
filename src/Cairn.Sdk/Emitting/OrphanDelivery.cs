using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk.Emitting;

/// <summary>
/// Delivers what dead emitters left in the spool: the same bytes, in order. The ledger gives what it has already the
/// index that it has. What is damaged or refused for good is kept beside the spool and declared as a gap.
/// </summary>
internal sealed class OrphanDelivery(EmitterOptions options, ILedgerClient ledger, Action<RecordDraft> declare)
{
    private const int MostSubmissions = 64;
    private const int MostTraces = 256;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Delivers these spools, then ends; on cancellation the rest is left to the next starter.</summary>
    public async Task RunAsync(IReadOnlyList<OrphanSpool> orphans, CancellationToken stop)
    {
        try
        {
            foreach (var orphan in orphans)
            {
                var (delivered, rejected) = await DeliverAsync(orphan, stop);
                orphan.Remove();
                if (delivered + rejected > 0)
                {
                    options.Log($"delivered {delivered} statements that stream {orphan.Stream} had left in the spool{(rejected > 0 ? $"; the ledger refused {rejected}, kept in {options.SpoolPath}/rejected" : "")}");
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            options.Log($"what dead emitters left in {options.SpoolPath} can't be read: {e.Message}; the next start tries again");
        }
        finally
        {
            foreach (var orphan in orphans)
            {
                orphan.Dispose();
            }
        }
    }

    private async Task<(int Delivered, int Rejected)> DeliverAsync(OrphanSpool orphan, CancellationToken stop)
    {
        var (delivered, rejected) = (0, 0);
        HashSet<TraceId> traces = [];
        foreach (var chunk in Chunks(orphan))
        {
            List<Submission> good = [];
            foreach (var entry in chunk)
            {
                try
                {
                    good.Add(Submission.Decode(entry.Bytes));
                }
                catch (EvidenceFormatException e)
                {
                    rejected++;
                    Keep(orphan, entry.Seq, entry.Bytes, $"not a submission: {e.Message}");
                }
            }

            foreach (var submission in good)
            {
                Note(traces, submission);
            }

            rejected += await SubmitAsync(orphan, good, stop);
            delivered += good.Count;
        }

        foreach (var damage in orphan.Damage)
        {
            var (reason, detail) = GapRecords.Describe(damage);
            options.Log($"spool {damage.Path}: {detail}");
            foreach (var trace in traces.DefaultIfEmpty(TraceId.New()))
            {
                declare(GapRecords.Gap(options, trace, reason, 0, orphan.Stream, detail));
            }
        }

        return (delivered - rejected, rejected);
    }

    private IEnumerable<List<SpooledSubmission>> Chunks(OrphanSpool orphan)
    {
        var (chunk, bytes) = (new List<SpooledSubmission>(), 0L);
        foreach (var entry in orphan.Read())
        {
            if (chunk.Count > 0 && (chunk.Count == MostSubmissions || bytes + entry.Bytes.Length > options.MaxBatchBytes))
            {
                yield return chunk;
                (chunk, bytes) = ([], 0L);
            }

            chunk.Add(entry);
            bytes += entry.Bytes.Length;
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }

    private async Task<int> SubmitAsync(OrphanSpool orphan, List<Submission> submissions, CancellationToken stop)
    {
        var pause = FirstPause;
        while (submissions.Count > 0)
        {
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
            attempt.CancelAfter(options.AttemptTimeout);
            try
            {
                await ledger.SubmitAsync(submissions, attempt.Token);
                return 0;
            }
            catch (SubmissionRejectedException) when (submissions.Count > 1)
            {
                var refused = 0;
                foreach (var one in submissions)
                {
                    refused += await SubmitAsync(orphan, [one], stop);
                }

                return refused;
            }
            catch (SubmissionRejectedException e)
            {
                Reject(orphan, submissions[0], e);
                return 1;
            }
            catch (Exception e) when (e is LedgerUnavailableException || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                await Task.Delay(pause, stop);
                pause = pause * 2 < options.MaxBackoff ? pause * 2 : options.MaxBackoff;
            }
        }

        return 0;
    }

    private void Reject(OrphanSpool orphan, Submission submission, SubmissionRejectedException e)
    {
        Keep(orphan, submission.Statement.Payload.Seq, submission.Encode(), $"{e.Code}: {e.Message}");
        foreach (var trace in submission.Records.GroupBy(r => Record.Parse(r).Trace))
        {
            declare(GapRecords.Gap(options, trace.Key, GapRecords.Rejected, trace.Count(), orphan.Stream, $"{e.Code}: {e.Message}"));
        }
    }

    private void Keep(OrphanSpool orphan, long seq, byte[] bytes, string reason)
    {
        var path = SpoolDirectory.Keep(options.SpoolPath, $"{orphan.Stream}-{seq:D8}.submission", bytes, reason);
        options.Log($"EVIDENCE REFUSED: statement {seq} of stream {orphan.Stream} is kept in {path}: {reason}");
    }

    // The trails that were written to last are the ones in which a torn tail leaves a hole.
    private static void Note(HashSet<TraceId> traces, Submission submission)
    {
        if (traces.Count >= MostTraces)
        {
            traces.Clear();
        }

        foreach (var record in submission.Records)
        {
            traces.Add(RecordView.Parse(record.Span).Trace);
        }
    }
}
