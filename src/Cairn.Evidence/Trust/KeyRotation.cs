using System.Text.Json;
using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>
/// The <c>ledger</c> member of a <c>ledger.key_rotated</c> record about the log's own keys (docs/spec/records.md §10): new keys
/// sign beside the old ones, or the old ones sign no more.
/// </summary>
/// <param name="Origin">The log.</param>
/// <param name="Phase"><see cref="Announced"/> or <see cref="Retired"/>.</param>
/// <param name="Old">The keys that are to go, or go.</param>
/// <param name="New">The keys that take their place.</param>
/// <param name="By">Who did it.</param>
/// <param name="Reason">Why, in the operator's words.</param>
public sealed record KeyRotation(string Origin, string Phase, IReadOnlyList<VerifierKey> Old, IReadOnlyList<VerifierKey> New, string By, string Reason)
{
    /// <summary>From here on the new keys sign beside the old ones.</summary>
    public const string Announced = "announced";

    /// <summary>The first checkpoint behind this record is the last that the old keys sign.</summary>
    public const string Retired = "retired";

    /// <summary>The most keys of either kind.</summary>
    public const int MostKeys = 16;

    /// <summary>Reads a record's own member; null when the record is about other keys than the log's.</summary>
    /// <exception cref="UnknownAlgorithmException">A key is of a type that no log of this version signs with.</exception>
    /// <exception cref="EvidenceFormatException">It has another form.</exception>
    public static KeyRotation? Parse(JsonElement ledger)
    {
        if (ledger.ValueKind != JsonValueKind.Object || Text(ledger, "role") != "log")
        {
            return null;
        }

        var (origin, phase) = (Text(ledger, "origin") ?? "", Text(ledger, "phase"));
        if (phase is not (Announced or Retired))
        {
            throw new EvidenceFormatException($"key rotation, phase: expected \"{Announced}\" or \"{Retired}\", found \"{Hex.Excerpt(phase ?? "")}\"");
        }

        var (old, next) = (Keys(ledger, "old_keys", origin), Keys(ledger, "new_keys", origin));
        var all = old.Concat(next).Select(key => Convert.ToBase64String(key.PublicKey.Span)).ToList();
        return all.Distinct().Count() == all.Count
            ? new KeyRotation(origin, phase, old, next, Text(ledger, "by") ?? "", Text(ledger, "reason") ?? "")
            : throw new EvidenceFormatException("key rotation: a key is named twice");
    }

    /// <summary>Writes the members of the record's own object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteString("by", By);
        json.WriteString("role", "log");
        json.WriteString("origin", Origin);
        json.WriteString("phase", Phase);
        foreach (var (name, keys) in new[] { ("old_keys", Old), ("new_keys", New) })
        {
            json.WriteStartArray(name);
            foreach (var key in keys)
            {
                json.WriteStringValue(key.ToString());
            }

            json.WriteEndArray();
        }

        json.WriteString("reason", Reason);
    }

    private static List<VerifierKey> Keys(JsonElement ledger, string member, string origin)
    {
        if (!ledger.TryGetProperty(member, out var texts) || texts.ValueKind != JsonValueKind.Array || texts.GetArrayLength() is < 1 or > MostKeys)
        {
            throw new EvidenceFormatException($"key rotation, {member}: expected an array of 1 to {MostKeys} verifier keys");
        }

        var keys = new List<VerifierKey>();
        foreach (var text in texts.EnumerateArray())
        {
            var vkey = text.ValueKind == JsonValueKind.String ? text.GetString()! : throw new EvidenceFormatException($"key rotation, {member}: expected texts");
            if (VerifierKey.TypeOf(vkey) is { } type && type is not (KeyType.Ed25519 or KeyType.MlDsa44))
            {
                throw new UnknownAlgorithmException($"key rotation, {member}: signature type 0x{type:x2}; a log signs with 0x01 or 0x06");
            }

            var key = VerifierKey.Parse(vkey);
            keys.Add(key.Name == origin ? key : throw new EvidenceFormatException($"key rotation, {member}: expected a key named {Hex.Excerpt(origin)}, found {Hex.Excerpt(key.Name)}"));
        }

        return keys;
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Evidence names an algorithm that this version does not know: it is refused, never passed over.</summary>
public sealed class UnknownAlgorithmException(string message) : EvidenceFormatException(message);
