using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Records;

namespace Cairn.Evidence.Trust;

/// <summary>
/// The <c>ledger</c> member of a <c>ledger.key_revoked</c> record (docs/spec/records.md §11): a key that emitters signed with
/// is, or may be, in the wrong hands.
/// </summary>
/// <param name="Key">SHA-256 of the key's SubjectPublicKeyInfo: every certificate over the key is meant.</param>
/// <param name="Emitter">Whose key it was; null when the operator does not say. Nothing rests on it.</param>
/// <param name="Since">From when on it may have been in the wrong hands; null: from the record's place in the ledger on.</param>
/// <param name="By">Who revoked it.</param>
/// <param name="Reason">Why, in the operator's words.</param>
public sealed record KeyRevocation(Digest Key, SpiffeId? Emitter, DateTimeOffset? Since, string By, string Reason)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>Reads a record's own member.</summary>
    /// <exception cref="EvidenceFormatException">It has another form.</exception>
    public static KeyRevocation Parse(JsonElement ledger)
    {
        var text = Text(ledger, "key") ?? throw Fault("key", "the 64 hexadecimal digits of a key's SHA-256");
        Span<byte> key = stackalloc byte[Digest.Size];
        if (!Hex.TryDecode(text, key))
        {
            throw Fault("key", $"the 64 hexadecimal digits of a key's SHA-256, found \"{Hex.Excerpt(text)}\"");
        }

        DateTimeOffset? since = null;
        if (ledger.TryGetProperty("since", out _))
        {
            since = Text(ledger, "since") is { } written && CommonMembers.TryParseTime(Encoding.UTF8.GetBytes(written), out var time) ? time
                : throw Fault("since", "a time in UTC with six digits of fraction");
        }

        return new KeyRevocation(new Digest(key), SpiffeId.TryParse(Text(ledger, "emitter"), out var emitter) ? emitter : null, since, Text(ledger, "by") ?? "", Text(ledger, "reason") ?? "");
    }

    /// <summary>Writes the members of the record's own object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteString("by", By);
        json.WriteString("key", Key.ToString());
        if (Emitter is { } emitter)
        {
            json.WriteString("emitter", emitter.ToString());
        }

        if (Since is { } since)
        {
            json.WriteString("since", since.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        }

        json.WriteString("reason", Reason);
    }

    private static EvidenceFormatException Fault(string member, string expected) => new($"key revocation, {member}: expected {expected}");

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
