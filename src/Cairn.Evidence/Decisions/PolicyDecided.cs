using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Decisions;

/// <summary>What a <c>policy.decided</c> record says of its decision. A member of another form counts as absent, and so does a list with another item.</summary>
public sealed record PolicyDecided
{
    private const string DigestPrefix = "sha256:";

    private PolicyDecided(JsonElement body)
    {
        EntryPoint = Text(body, "entry_point");
        Policy = DigestOf(body, "bundle");
        Engine = DigestOf(body, "engine_digest");
        Texts = new DecidedTexts(
            Text(body, "decision"), TextsOf(body, "determining"), TextsOf(body, "errors"), TextsOf(body, "obligations"), Text(body, "reason"), Text(body, "version"));
        try
        {
            IsInputRedacted = body.TryGetProperty("input", out var input) && HeldCommitment.Parse(input).Content == ContentHandling.Redacted;
        }
        catch (EvidenceFormatException)
        {
            // No commitment: then no content of it is disclosed either, or its line failed.
        }
    }

    /// <summary>What was asked of the policy bundle; <c>authorize</c> where something was evaluated.</summary>
    public string EntryPoint { get; }

    /// <summary>The policy bundle's digest; null where the record names none.</summary>
    public Digest? Policy { get; }

    /// <summary>The digest of the engine's code; null where the record names none.</summary>
    public Digest? Engine { get; }

    /// <summary>Whether the input was kept with parts taken out.</summary>
    public bool IsInputRedacted { get; }

    /// <summary>The decision itself.</summary>
    public DecidedTexts Texts { get; }

    /// <summary>Reads a record's own member; nothing of it makes it throw.</summary>
    /// <param name="body">The record's own member, a JSON object that was checked with its record.</param>
    public static PolicyDecided Read(ReadOnlySpan<byte> body) => new(JsonElement.Parse(body));

    private static string Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static IReadOnlyList<string> TextsOf(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : [];

    private static Digest? DigestOf(JsonElement body, string name)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        return Text(body, name) is var text && text.StartsWith(DigestPrefix, StringComparison.Ordinal) && text.Length == DigestPrefix.Length + Digest.TextLength
            && Hex.TryDecode(text.AsSpan(DigestPrefix.Length), bytes) ? new Digest(bytes) : null;
    }
}
