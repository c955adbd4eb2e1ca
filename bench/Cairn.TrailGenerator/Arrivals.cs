namespace Cairn.TrailGenerator;

/// <summary>
/// The order in which records reach a ledger: each emitter signs a number of them at once, and some hold theirs back for a
/// while, as after an outage. Within a stream the order is kept, as a ledger requires.
/// </summary>
public static class Arrivals
{
    // An outage lasts until so many statements of others have arrived.
    private const int LongestOutage = 200;

    /// <summary>The statements that <paramref name="records"/> come in. What is held back at the end comes last.</summary>
    /// <param name="records">The records in the order in which they are made.</param>
    /// <param name="fleet">Whose they are.</param>
    public static IEnumerable<FleetStatement> Of(IEnumerable<FleetRecord> records, Fleet fleet)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(fleet);
        var random = new Seeded(fleet.Options.Seed ^ 0xA5A5A5A5);
        var batches = fleet.Emitters.Select(_ => new List<ReadOnlyMemory<byte>>()).ToArray();
        var held = fleet.Emitters.Select(_ => new Queue<FleetStatement>()).ToArray();
        var until = new long[held.Length];
        var arrived = 0L;
        foreach (var (emitter, bytes) in records)
        {
            var batch = batches[emitter.Number];
            batch.Add(bytes);
            if (batch.Count < fleet.Options.RecordsPerStatement)
            {
                continue;
            }

            held[emitter.Number].Enqueue(Close(emitter, batch));
            if (until[emitter.Number] <= arrived && random.Chance(fleet.Options.Late))
            {
                until[emitter.Number] = arrived + 1 + random.Below(LongestOutage);
            }

            arrived++;
            for (var i = 0; i < held.Length; i++)
            {
                while (until[i] <= arrived && held[i].TryDequeue(out var statement))
                {
                    yield return statement;
                }
            }
        }

        foreach (var emitter in fleet.Emitters)
        {
            while (held[emitter.Number].TryDequeue(out var statement))
            {
                yield return statement;
            }

            if (batches[emitter.Number].Count > 0)
            {
                yield return Close(emitter, batches[emitter.Number]);
            }
        }
    }

    private static FleetStatement Close(FleetEmitter emitter, List<ReadOnlyMemory<byte>> batch)
    {
        var statement = new FleetStatement(emitter, [.. batch]);
        batch.Clear();
        return statement;
    }
}
