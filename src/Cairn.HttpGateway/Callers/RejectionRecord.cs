using System.Text.Json;
using Cairn.Gateway.Authority;

namespace Cairn.HttpGateway.Callers;

/// <summary>The own member of <c>credential.refused</c> for a token that was shown (docs/spec/schemas/credential.refused.schema.json); never the token.</summary>
internal static class RejectionRecord
{
    public static void Write(Utf8JsonWriter writer, RejectedAccessToken token, string error, string reason)
    {
        writer.WriteString("id"u8, token.Id);
        writer.WriteString("issuer"u8, token.Issuer);
        writer.WriteString("subject"u8, token.Subject);
        writer.WriteString("error"u8, error);
        writer.WriteString("reason"u8, DecisionRecord.Shown(reason));
        Texts(writer, "actors"u8, token.Actors);
        Texts(writer, "audience"u8, token.Audience);
        Texts(writer, "scope"u8, token.Scope);
        if (token.HolderKey is { } key)
        {
            writer.WriteString("holder_key"u8, key);
        }
    }

    private static void Texts(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
