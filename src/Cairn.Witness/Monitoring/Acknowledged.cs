using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Witness.Monitoring;

/// <summary>An acknowledgement that somebody kept: the ledger promised to have this statement at this index.</summary>
/// <param name="Stream">The statement's stream.</param>
/// <param name="Seq">Its ordinal there.</param>
/// <param name="Index">The promised index.</param>
public sealed record Acknowledged(StreamId Stream, long Seq, long Index)
{
    /// <summary>Reads kept acknowledgements: one JSON object a line with <c>stream</c>, <c>seq</c> and <c>index</c>, as the ledger answers them.</summary>
    /// <exception cref="EvidenceFormatException">A line is something else; the message names it.</exception>
    public static IReadOnlyList<Acknowledged> ReadLines(IEnumerable<string> lines)
    {
        var found = new List<Acknowledged>();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            try
            {
                using var json = JsonDocument.Parse(line);
                var root = json.RootElement;
                found.Add(new Acknowledged(StreamId.Parse(root.GetProperty("stream").GetString()!), root.GetProperty("seq").GetInt64(), root.GetProperty("index").GetInt64()));
            }
            catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or EvidenceFormatException or ArgumentException)
            {
                throw new EvidenceFormatException($"acknowledgements, line {number}: expected {{\"stream\":…,\"seq\":…,\"index\":…}}, found \"{(line.Length > 80 ? line[..80] + "…" : line)}\"", problem);
            }
        }

        return found;
    }
}
