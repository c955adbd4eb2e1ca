using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Whether each emitter's ordinals in the trail are whole.</summary>
internal static class SequenceRules
{
    public static readonly Rule Gap = new("lineage.sequence_gap", Severity.High, "Records of an emitter are missing", trail =>
    {
        var misses = new List<Miss>();
        foreach (var (stream, records) in trail.Streams)
        {
            var next = 0L;
            foreach (var record in records)
            {
                if (record.Record.Seq > next)
                {
                    misses.Add(new Miss($"stream {stream} of {record.Issuer}", $"ordinal {next}", $"{record.Record.Seq}: {record.Record.Seq - next} records before it are missing", record.Record.Id));
                }

                next = Math.Max(next, record.Record.Seq + 1);
            }
        }

        return misses.OrderBy(miss => miss.Subject, StringComparer.Ordinal);
    })
    { RestsOnAbsence = true };

    public static readonly Rule Count = new("lineage.count_mismatch", Severity.High, "An emitter has fewer records than were counted", trail =>
        from counted in trail.Trail.Counts
        let held = trail.Streams.TryGetValue(counted.Stream, out var records) ? records.Count : 0
        where held < counted.Records
        select new Miss($"stream {counted.Stream} of {counted.Emitter}", $"{counted.Records} records, as counted", $"{held}", counted.Record))
    { RestsOnAbsence = true };

    public static readonly Rule Repeated = new("lineage.sequence_repeated", Severity.High, "An emitter used one ordinal twice", trail =>
        from stream in trail.Streams.OrderBy(stream => stream.Key.ToString(), StringComparer.Ordinal)
        from pair in stream.Value.GroupBy(record => record.Record.Seq)
        where pair.Count() > 1
        select new Miss($"stream {stream.Key} of {pair.First().Issuer}", $"one record with the ordinal {pair.Key}", $"{pair.Count()}", pair.Select(record => record.Record.Id)));
}
