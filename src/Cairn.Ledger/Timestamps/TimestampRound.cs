using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Timestamps;

namespace Cairn.Ledger.Timestamps;

/// <summary>What one authority said in a round.</summary>
/// <param name="Service">Who.</param>
/// <param name="Size">Statements in the checkpoint.</param>
/// <param name="Check">The token's word; null where there is none.</param>
/// <param name="Problem">Why there is none; null where there is one, or the authority has stamped that checkpoint before.</param>
public sealed record TimestampAnswer(string Service, long Size, TimestampCheck? Check, string? Problem);

/// <summary>Asks every authority of a data directory for a token over the newest checkpoint.</summary>
public static class TimestampRound
{
    /// <summary>Does it once. One authority that fails keeps no other from being asked.</summary>
    /// <exception cref="TimestampException">timestampers.json can't be read.</exception>
    public static async Task<IReadOnlyList<TimestampAnswer>> RunAsync(LedgerDirectory directory, SignedNote checkpoint, HttpClient http, TimeProvider time, CancellationToken cancellationToken)
    {
        var anchors = new AnchorStore(directory);
        var client = new TimestampClient(http, anchors, time);
        var size = Checkpoint.Of(checkpoint).Size;
        var stamped = anchors.Find(size)?.Tokens.Select(token => token.Timestamper).ToHashSet() ?? [];
        var answers = new List<TimestampAnswer>();
        foreach (var service in new TimestampServices(directory).All().Where(service => service.Url is not null))
        {
            if (stamped.Contains(service.Name))
            {
                answers.Add(new TimestampAnswer(service.Name, size, null, null));
                continue;
            }

            try
            {
                answers.Add(new TimestampAnswer(service.Name, size, await client.StampAsync(checkpoint, service, cancellationToken), null));
            }
            catch (TimestampException problem)
            {
                answers.Add(new TimestampAnswer(service.Name, size, null, problem.Message));
            }
        }

        return answers;
    }

    /// <summary>Does it again and again until cancelled; a checkpoint that did not change costs nothing.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="newest">The newest checkpoint; null before the first.</param>
    /// <param name="every">How long from one round to the next.</param>
    /// <param name="time">The clock.</param>
    /// <param name="say">Hears each answer that is news.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task KeepAsync(LedgerDirectory directory, Func<SignedNote?> newest, TimeSpan every, TimeProvider time, Action<TimestampAnswer> say, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        using var timer = new PeriodicTimer(every, time);
        do
        {
            if (newest() is not { } checkpoint)
            {
                continue;
            }

            foreach (var answer in await RunAsync(directory, checkpoint, http, time, cancellationToken))
            {
                if (answer.Check is not null || answer.Problem is not null)
                {
                    say(answer);
                }
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
