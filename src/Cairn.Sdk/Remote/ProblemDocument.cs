using System.Text.Json;

namespace Cairn.Sdk.Remote;

/// <summary>What a server said was wrong (RFC 9457), with Cairn's own member <c>code</c>.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Cairn's code; null when the answer is not a Cairn server's.</param>
/// <param name="Detail">What was wrong and where.</param>
internal sealed record ProblemDocument(int Status, string? Code, string Detail)
{
    private const int Shown = 300;

    /// <summary>True when the same bytes will never be taken. Only a Cairn server's own word counts, and only in these forms.</summary>
    public bool IsFinal => (Status, Code) is (422, not null) or (400, "format") or (413, "too-large");

    public static async Task<ProblemDocument> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = "";
        try
        {
            text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
            {
                using var json = JsonDocument.Parse(text);
                return new ProblemDocument(
                    (int)response.StatusCode,
                    json.RootElement.TryGetProperty("code", out var code) ? code.GetString() : null,
                    json.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() ?? "" : "");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or HttpRequestException)
        {
            text = $"{text} ({e.Message})"; // told as it is: not a problem document
        }

        return new ProblemDocument((int)response.StatusCode, null, $"{response.ReasonPhrase}: {(text.Length > Shown ? text[..Shown] + "…" : text)}");
    }
}
