using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails.Replay;

/// <summary>A record that another one rests on.</summary>
/// <param name="How">Which tie it is: cause, requested, decision, approval, action, granted, delegation, credential or parent.</param>
/// <param name="Record">The record; null where none is known that the tie leads to.</param>
/// <param name="Names">What the record names: a record's id, a span, or a credential's public id.</param>
public sealed record BasisRecord(string How, RecordId? Record, string Names);

/// <summary>Follows what a record names: its cause, the records that it answers, the authority that it was done under.</summary>
internal static class Basis
{
    private static readonly string[] Members = ["requested", "action", "decision", "approval", "granted", "delegation"];

    /// <param name="known">The trail as known.</param>
    /// <param name="entry">One of its records.</param>
    public static IReadOnlyList<BasisRecord> Of(Trail known, TrailRecord entry)
    {
        var record = entry.Record;
        var basis = new List<BasisRecord>();
        if ((record.Parent ?? record.Task) is { } cause && cause != record.Span)
        {
            basis.Add(new BasisRecord("cause", known.Graph.Find(cause)?.Record, cause.ToString()));
        }

        var body = record.ReadBody();
        foreach (var member in Members)
        {
            if (body.RecordId(member) is { } id)
            {
                basis.Add(new BasisRecord(member, known.Find.Record(id)?.Record.Id, id.ToString()));
            }
        }

        if (CredentialOf(record, body) is { } credential)
        {
            basis.Add(new BasisRecord("credential", known.Find.Credential(credential)?.IssueRecord, credential));
        }

        if (record.Kind == RecordKinds.CredentialIssued && body.Text("parent") is { } parent)
        {
            basis.Add(new BasisRecord("parent", known.Find.Credential(parent)?.IssueRecord, parent));
        }

        return basis;
    }

    // What is issued rests on no issue of its own.
    private static string? CredentialOf(Record record, System.Text.Json.JsonElement body) => record.Kind switch
    {
        RecordKinds.ActionRequested => body.Text("credential"),
        RecordKinds.CredentialUsed or RecordKinds.CredentialRevoked or RecordKinds.CredentialExpired => body.Text("id"),
        _ => null,
    };
}
