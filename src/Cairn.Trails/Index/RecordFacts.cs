using Cairn.Evidence.Records;

namespace Cairn.Trails.Index;

/// <summary>What a found record tells, one value a column. A value that the record does not tell is null.</summary>
/// <param name="Entry">The record.</param>
/// <param name="Tool">The name of the tool that was called.</param>
/// <param name="Resource">What was acted upon, or changed.</param>
/// <param name="Type">The action's type.</param>
/// <param name="Credential">Public id of the credential.</param>
/// <param name="Decision">The decision, or the answer to a question.</param>
/// <param name="Status">How it came out.</param>
/// <param name="Person">Who asked, approved, or is acted for.</param>
public sealed record RecordFacts(
    TrailRecord Entry, string? Tool, string? Resource, string? Type, string? Credential, string? Decision, string? Status, string? Person)
{
    /// <summary>Reads a record.</summary>
    public static RecordFacts Of(TrailRecord entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var facts = new Dictionary<RecordField, string>();
        new RecordTerms((field, text) => facts.TryAdd(field, System.Text.Encoding.UTF8.GetString(text)))
            .Read(RecordView.Parse(entry.Record.Bytes.Span), entry.Issuer.ToString());
        return new RecordFacts(
            entry, Value(RecordField.Tool), Value(RecordField.Resource), Value(RecordField.Type), Value(RecordField.Credential),
            Value(RecordField.Decision), Value(RecordField.Status), Value(RecordField.Person));

        string? Value(RecordField field) => facts.GetValueOrDefault(field);
    }
}
