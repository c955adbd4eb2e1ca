using System.Globalization;
using Cairn.Evidence;

namespace Cairn.Trails.Index;

/// <summary>A condition: one of the values.</summary>
/// <param name="Field">What is looked at.</param>
/// <param name="Values">
/// Any of these. A <c>*</c> stands for any text where the field's values are kept (not of traces, credentials, attributes,
/// keys and digests). An agent, emitter or party may be the last part of its SPIFFE ID's path.
/// </param>
public sealed record RecordFilter(RecordField Field, IReadOnlyList<string> Values)
{
    /// <summary>One value.</summary>
    public static RecordFilter Is(RecordField field, string value) => new(field, [value]);
}

/// <summary>Where a page ends: the next one has what comes after it, whatever was added in between.</summary>
/// <param name="Time">The last record's time.</param>
/// <param name="Record">The last record.</param>
public readonly record struct RecordCursor(DateTimeOffset Time, RecordId Record)
{
    private const string Form = "yyyyMMdd'T'HHmmssffffff'Z'";

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="EvidenceFormatException">The text is something else.</exception>
    public static RecordCursor Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('~') is [var time, var id]
            && DateTimeOffset.TryParseExact(time, Form, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var parsed)
            && RecordId.TryParse(id, out var record)
            ? new RecordCursor(parsed, record)
            : throw new EvidenceFormatException($"expected a cursor such as 20261125T090000000000Z~01997f2e-…, as the page before tells it, found \"{text}\"");
    }

    /// <summary>The cursor as one word.</summary>
    public override string ToString() => $"{Time.UtcDateTime.ToString(Form, CultureInfo.InvariantCulture)}~{Record}";
}

/// <summary>Which records are looked for. All conditions hold at once.</summary>
public sealed record RecordQuery
{
    /// <summary>The conditions.</summary>
    public IReadOnlyList<RecordFilter> Filters { get; init; } = [];

    /// <summary>From this time on, by the emitters' clocks.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Up to this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only these records; null: any.</summary>
    public IReadOnlySet<RecordId>? Among { get; init; }

    /// <summary>Only what comes after the end of the page before.</summary>
    public RecordCursor? After { get; init; }

    /// <summary>At most this many; at least 1.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>What was found.</summary>
/// <param name="Records">The records, newest first, as the ledger holds them; of one instant, by descending id.</param>
/// <param name="Next">Where the next page begins; null: there is none.</param>
public sealed record RecordPage(IReadOnlyList<TrailRecord> Records, RecordCursor? Next);

/// <summary>A query that can't be answered: the message says why and what to ask instead.</summary>
public sealed class RecordQueryException(string message) : Exception(message);
