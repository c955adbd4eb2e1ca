using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;
using Cairn.Ledger;

namespace Cairn.Trails.Erasure;

/// <summary>A legal hold, as its records tell it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Trails">The trails whose content it keeps from being shredded.</param>
/// <param name="By">Who holds.</param>
/// <param name="Reason">Why.</param>
/// <param name="Since">Since when.</param>
/// <param name="Record">The record that says so.</param>
/// <param name="Release">How it ended; null while it stands.</param>
public sealed record LegalHold(string Id, IReadOnlyList<TraceId> Trails, string By, string Reason, DateTimeOffset Since, RecordId Record, HoldRelease? Release);

/// <summary>The end of a legal hold.</summary>
/// <param name="By">Who lifted it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Time">When.</param>
/// <param name="Record">The record that says so.</param>
public sealed record HoldRelease(string By, string Reason, DateTimeOffset Time, RecordId Record);

/// <summary>The shredding of a trail's content, as its last record tells it.</summary>
/// <param name="Trail">The trail.</param>
/// <param name="By">Who did it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Time">When.</param>
/// <param name="Record">The record that says so.</param>
/// <param name="IsDone">Whether it says that the key is destroyed; false when only that this was about to happen.</param>
public sealed record Shredding(TraceId Trail, string By, string Reason, DateTimeOffset Time, RecordId Record, bool IsDone);

/// <summary>
/// What operators' records say about shreddings and legal holds (docs/spec/records.md §9). The ledger is the only place that keeps them: whoever
/// restores an old vault can't undo a hold.
/// </summary>
public sealed class ErasureLog
{
    private readonly List<LegalHold> _holds = [];
    private readonly Dictionary<TraceId, Shredding> _shreddings = [];

    private ErasureLog()
    {
    }

    /// <summary>All holds, in the order in which they were placed; lifted ones too.</summary>
    public IReadOnlyList<LegalHold> Holds => _holds;

    /// <summary>All shredded trails.</summary>
    public IReadOnlyCollection<Shredding> Shreddings => _shreddings.Values;

    /// <summary>Reads the operators' records of a ledger.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="policy">Says which emitters are operators; nobody else's word counts.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="EvidenceFormatException">An operator's record is malformed: what it may hold is unknown.</exception>
    public static async Task<ErasureLog> ReadAsync(EmbeddedLedger ledger, TrustPolicy policy, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var log = new ErasureLog();
        await foreach (var entry in ledger.OperatorEntriesAsync(policy, IsOfErasure, cancellationToken))
        {
            foreach (var bytes in entry.Records.Where(IsOfErasure))
            {
                log.Take(Record.Parse(bytes));
            }
        }

        return log;
    }

    /// <summary>The holds that stand against shredding a trail.</summary>
    public IReadOnlyList<LegalHold> HoldsOn(TraceId trail) => [.. _holds.Where(hold => hold.Release is null && hold.Trails.Contains(trail))];

    /// <summary>A trail's shredding; null when no record tells of one.</summary>
    public Shredding? ShreddingOf(TraceId trail) => _shreddings.GetValueOrDefault(trail);

    private static bool IsOfErasure(ReadOnlyMemory<byte> record)
    {
        var kind = RecordView.Parse(record.Span).Kind;
        return kind.SequenceEqual("ledger.shredded"u8) || kind.SequenceEqual("ledger.held"u8) || kind.SequenceEqual("ledger.released"u8);
    }

    /// <summary>Whether a record tells of a shredding.</summary>
    internal static bool IsTombstone(ReadOnlyMemory<byte> record) => RecordView.Parse(record.Span).Kind.SequenceEqual("ledger.shredded"u8);

    /// <summary>The shredding that a record of that kind tells of.</summary>
    /// <exception cref="EvidenceFormatException">It lacks a member.</exception>
    internal static Shredding ShreddingIn(Record record)
    {
        var body = record.Body;
        return new Shredding(
            TraceId.Parse(Text(record, body, "trail")), Text(record, body, "by"), Text(record, body, "reason"), record.Time, record.Id,
            !body.TryGetProperty("state", out var state) || !state.ValueEquals("begun"u8));
    }

    /// <summary>The last shredding of a trail that a bundle's operators tell of; null: none.</summary>
    /// <param name="trail">The bundle's trail.</param>
    /// <param name="told">What verifying it told of (<see cref="VerifyOptions.Operator"/>), by ascending index.</param>
    public static Shredding? LastOf(TraceId trail, IEnumerable<BundleRecord> told)
    {
        ArgumentNullException.ThrowIfNull(told);
        Shredding? last = null;
        foreach (var one in told.Where(one => IsTombstone(one.Bytes)))
        {
            try
            {
                last = ShreddingIn(Record.Parse(one.Bytes)) is var shredding && shredding.Trail == trail ? shredding : last;
            }
            catch (EvidenceFormatException)
            {
                // It names no trail, so it tells nothing of this one; the bundle is verified all the same.
            }
        }

        return last;
    }

    private void Take(Record record)
    {
        var body = record.Body;
        switch (record.Kind)
        {
            case RecordKinds.LedgerShredded:
                var shredding = ShreddingIn(record);
                _shreddings[shredding.Trail] = shredding;
                break;
            case RecordKinds.LedgerHeld:
                _holds.Add(new LegalHold(
                    Text(record, body, "hold"), Trails(record, body), Text(record, body, "by"), OptionalText(body, "reason"), record.Time, record.Id, null));
                break;
            default:
                var id = Text(record, body, "hold");
                for (var i = 0; i < _holds.Count; i++)
                {
                    if (_holds[i].Id == id && _holds[i].Release is null)
                    {
                        _holds[i] = _holds[i] with { Release = new HoldRelease(Text(record, body, "by"), OptionalText(body, "reason"), record.Time, record.Id) };
                    }
                }

                break;
        }
    }

    private static IReadOnlyList<TraceId> Trails(Record record, JsonElement body) =>
        body.TryGetProperty("trails", out var trails) && trails.ValueKind == JsonValueKind.Array && trails.EnumerateArray().All(trail => trail.ValueKind == JsonValueKind.String)
            ? [.. trails.EnumerateArray().Select(trail => TraceId.Parse(trail.GetString()!))]
            : throw new EvidenceFormatException($"{record.Kind} {record.Id}: expected the member trails as a list of trace ids");

    private static string Text(Record record, JsonElement body, string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new EvidenceFormatException($"{record.Kind} {record.Id}: expected the member {name} as a text");

    private static string OptionalText(JsonElement body, string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
