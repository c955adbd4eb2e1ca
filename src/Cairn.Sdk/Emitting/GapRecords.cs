using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Sdk.Spooling;

namespace Cairn.Sdk.Emitting;

/// <summary>What an emitter says in evidence about itself: records that it or a predecessor lost, or that a ledger refused.</summary>
internal static class GapRecords
{
    /// <summary>The ledger refused a statement for good; its records are kept beside the spool.</summary>
    public const string Rejected = "submission_rejected";

    /// <summary>An owner died in the middle of writing to its spool.</summary>
    public const string Torn = "spool_torn";

    /// <summary>A spool file was changed, or the disk lost part of it.</summary>
    public const string Damaged = "spool_damaged";

    /// <summary>A draft for <c>gap.declared</c>.</summary>
    /// <param name="options">The emitter.</param>
    /// <param name="trace">The trail in which something is missing.</param>
    /// <param name="reason">One of the constants.</param>
    /// <param name="count">How many records; 0 when that can't be known.</param>
    /// <param name="subject">The stream that they were of.</param>
    /// <param name="detail">What a person should know; no content.</param>
    public static RecordDraft Gap(EmitterOptions options, TraceId trace, string reason, long count, StreamId subject, string detail) => new()
    {
        Kind = RecordKinds.GapDeclared,
        Trace = trace,
        Span = SpanId.New(),
        Actor = options.Self ?? new Actor(options.Issuer, $"{Environment.MachineName}:{Environment.ProcessId}", ""),
        Body = writer =>
        {
            writer.WriteString("reason"u8, reason);
            writer.WriteNumber("count"u8, count);
            writer.WriteString("detail"u8, Redactor.RedactText(detail));
            writer.WriteString("subject"u8, subject.ToString());
        },
    };

    /// <summary>Says what is torn or damaged.</summary>
    public static (string Reason, string Detail) Describe(SpoolDamage damage) => damage.IsTail
        ? (Torn, $"the owner died in the middle of a write: {damage.Bytes} bytes after byte {damage.Offset} are no whole frame; how many records they held can't be known")
        : (Damaged, $"{damage.Bytes} bytes after byte {damage.Offset} are not what was written; how many records they held can't be known");
}
