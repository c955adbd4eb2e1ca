using System.Globalization;
using Cairn.Trails.Index;

namespace Cairn.Cli.Investigate.Find;

/// <summary>What is told of each found record, in the order of every form of output.</summary>
internal static class FoundColumns
{
    /// <summary>Each column's name, and its value as text; null where the record tells none.</summary>
    public static IReadOnlyList<(string Name, Func<RecordFacts, string?> Text)> All { get; } =
    [
        ("time", facts => TimeOf(facts).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)),
        ("trace", facts => facts.Entry.Record.Trace.ToString()),
        ("record", facts => facts.Entry.Record.Id.ToString()),
        ("kind", facts => facts.Entry.Record.Kind),
        ("agent", facts => facts.Entry.Record.Actor.Id.ToString()),
        ("owner", facts => facts.Entry.Record.Actor.Owner),
        ("emitter", facts => facts.Entry.Issuer.ToString()),
        ("tool", facts => facts.Tool),
        ("resource", facts => facts.Resource),
        ("type", facts => facts.Type),
        ("credential", facts => facts.Credential),
        ("decision", facts => facts.Decision),
        ("status", facts => facts.Status),
        ("person", facts => facts.Person),
        ("statement", facts => facts.Entry.Statement.ToString(CultureInfo.InvariantCulture)),
    ];

    public static DateTime TimeOf(RecordFacts facts) => facts.Entry.Record.Time.UtcDateTime;
}
