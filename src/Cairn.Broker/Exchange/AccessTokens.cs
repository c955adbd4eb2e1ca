using System.Text.Json;
using Cairn.Broker.Keys;
using Cairn.Broker.Store;
using Cairn.Broker.Tokens;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Exchange;

/// <summary>The broker's own tokens: JWT access tokens (RFC 9068), signed with ES256. What they say of themselves counts only with the store's entry.</summary>
internal sealed class AccessTokens(BrokerSettings settings, KeyRing keys, BrokerStore store)
{
    public string Write(CredentialEntry entry)
    {
        var key = keys.Current(entry.Issued);
        return CompactJws.Sign(
            key.Key,
            header =>
            {
                header.WriteString("typ"u8, "at+jwt");
                header.WriteString("alg"u8, "ES256");
                header.WriteString("kid"u8, key.Public.KeyId);
            },
            claims => Claims(claims, entry));
    }

    /// <summary>The claims (RFC 9068 §2.2, RFC 8693 §4), without those of the JWS.</summary>
    public void Claims(Utf8JsonWriter json, CredentialEntry entry)
    {
        json.WriteString("iss"u8, settings.Issuer);
        json.WriteString("sub"u8, entry.Subject);
        WriteTexts(json, "aud"u8, entry.IsGrant ? [settings.Issuer] : entry.Audience);
        json.WriteNumber("exp"u8, entry.Expires.ToUnixTimeSeconds());
        json.WriteNumber("iat"u8, entry.Issued.ToUnixTimeSeconds());
        json.WriteString("jti"u8, entry.Id);
        json.WriteString("client_id"u8, entry.Client ?? settings.Issuer);
        json.WriteString("scope"u8, string.Join(' ', entry.Scope));
        Confirmation(json, entry.HolderKey);
        Actors(json, entry.Actors, 0);
        if (entry.MayAct is not null)
        {
            json.WriteStartObject("may_act"u8);
            json.WriteString("sub"u8, entry.MayAct);
            json.WriteEndObject();
        }
    }

    /// <summary>The entry of a token that is signed here and active.</summary>
    /// <exception cref="CredentialRefusedException">It is not: <c>invalid_grant</c>.</exception>
    public CredentialEntry Require(string token, DateTimeOffset now)
    {
        var entry = Find(token, now) ?? throw new CredentialRefusedException("invalid_grant", "the subject token is not one of this broker's");
        return entry.State switch
        {
            CredentialState.Active when now < entry.Expires => entry,
            CredentialState.Revoked => throw new RefusedOfException(entry, "invalid_grant", "the subject token was revoked"),
            CredentialState.Pending => throw new RefusedOfException(entry, "invalid_grant", "the subject token is not issued yet"),
            _ => throw new RefusedOfException(entry, "invalid_grant", "the subject token has expired"),
        };
    }

    /// <summary>The entry of a token that is signed here, whatever its state; null: it is not.</summary>
    public CredentialEntry? Find(string token, DateTimeOffset now)
    {
        try
        {
            var jws = CompactJws.Parse(token, "the token");
            return jws.Header.Text("typ") == "at+jwt" && jws.Algorithm == "ES256"
                && keys.Find(jws.KeyId, now) is { } key && jws.IsSignedBy(key.Public)
                && jws.Claims.Text("iss") == settings.Issuer && jws.Claims.Text("jti") is { } id
                ? store.Find(id)
                : null;
        }
        catch (TokenFormatException)
        {
            return null;
        }
    }

    /// <summary>Whether it says of itself that it is one of this broker's; nothing is checked.</summary>
    public bool IsOurs(string token) => IsOf(token, settings.Issuer);

    /// <summary>Whether it says of itself that it is an access token of that issuer; nothing is checked.</summary>
    public static bool IsOf(string token, string issuer)
    {
        try
        {
            var jws = CompactJws.Parse(token, "the token");
            return jws.Header.Text("typ") == "at+jwt" && jws.Claims.Text("iss") == issuer;
        }
        catch (TokenFormatException)
        {
            return false;
        }
    }

    internal static void WriteTexts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary><c>act</c>, the newest actor outermost, each earlier one within the next (RFC 8693 §4.1).</summary>
    internal static void Actors(Utf8JsonWriter json, IReadOnlyList<string> actors, int from)
    {
        if (from < actors.Count)
        {
            json.WriteStartObject("act"u8);
            json.WriteString("sub"u8, actors[from]);
            Actors(json, actors, from + 1);
            json.WriteEndObject();
        }
    }

    // cnf: RFC 7800 §3.1, jkt of RFC 9449 §6.1, x5t#S256 of RFC 8705 §3.1.
    private static void Confirmation(Utf8JsonWriter json, string? holder)
    {
        if (holder?.Split(':', 2) is [var name, var thumbprint])
        {
            json.WriteStartObject("cnf"u8);
            json.WriteString(name, thumbprint);
            json.WriteEndObject();
        }
    }
}

/// <summary>A refusal that is about a credential that was shown: the record names it.</summary>
internal sealed class RefusedOfException(CredentialEntry of, string error, string message) : Exception(message)
{
    public CredentialEntry Of { get; } = of;

    public string Error { get; } = error;
}
