using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Cairn.Broker.Tokens;

/// <summary>
/// A JWT in JWS compact form (RFC 7515 §7.1), read but trusted only after <see cref="IsSignedBy"/>. At most 16 KiB.
/// Algorithms: ES256, RS256, PS256; <c>none</c> and symmetric ones are refused, as is any <c>crit</c> (§4.1.11).
/// </summary>
internal sealed class CompactJws
{
    private const int MaxLength = 16 * 1024;
    private readonly byte[] _signed;
    private readonly byte[] _signature;

    private CompactJws(JsonElement header, JsonElement claims, string algorithm, byte[] signed, byte[] signature) =>
        (Header, Claims, Algorithm, _signed, _signature) = (header, claims, algorithm, signed, signature);

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    public string Algorithm { get; }

    public string? KeyId => Header.Text("kid");

    /// <summary>Reads a JWT.</summary>
    /// <exception cref="TokenFormatException">It is none, or of an algorithm that is not accepted.</exception>
    public static CompactJws Parse(string? text, string what)
    {
        if (text is null || text.Length > MaxLength)
        {
            throw new TokenFormatException($"{what} is missing or longer than {MaxLength} characters");
        }

        var parts = text.Split('.');
        if (parts.Length != 3)
        {
            throw new TokenFormatException($"{what} has {parts.Length} parts, expected the three of a signed JWT");
        }

        var header = StrictJson.Object(StrictJson.Bytes(parts[0], $"the header of {what}"), $"the header of {what}");
        if (header.TryGetProperty("crit", out _) || header.TryGetProperty("b64", out _))
        {
            throw new TokenFormatException($"the header of {what} demands an extension (\"crit\"), and none is known here");
        }

        var algorithm = header.RequiredText("alg");
        return algorithm is "ES256" or "RS256" or "PS256"
            ? new CompactJws(
                header,
                StrictJson.Object(StrictJson.Bytes(parts[1], $"the claims of {what}"), $"the claims of {what}"),
                algorithm,
                Encoding.ASCII.GetBytes(text, 0, parts[0].Length + 1 + parts[1].Length),
                StrictJson.Bytes(parts[2], $"the signature of {what}"))
            : throw new TokenFormatException($"{what} is signed by an algorithm that is not accepted; expected ES256, RS256 or PS256");
    }

    public bool IsSignedBy(PublicJwk key) => key.Verify(Algorithm, _signed, _signature);

    /// <summary>Signs with ES256.</summary>
    public static string Sign(ECDsa key, Action<Utf8JsonWriter> header, Action<Utf8JsonWriter> claims)
    {
        var signed = Part(header) + "." + Part(claims);
        var signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return signed + "." + Base64Url.EncodeToString(signature);
    }

    private static string Part(Action<Utf8JsonWriter> members)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }
}
