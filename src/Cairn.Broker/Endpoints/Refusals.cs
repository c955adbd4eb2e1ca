using Cairn.Identity.Credentials;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Cairn.Broker.Endpoints;

/// <summary>How refusals become answers (RFC 6749 §5.2): 400; 503 where the broker can't; header fields where an RFC asks for them.</summary>
internal static class Refusals
{
    private const string Status = "cairn.status";

    /// <summary>The request that a transaction is about.</summary>
    public static HttpContext Http(this BaseContext context) =>
        context.Transaction.GetHttpRequest()?.HttpContext ?? throw new InvalidOperationException("the broker's endpoints answer HTTP requests only");

    /// <summary>
    /// The error code on the wire. <c>unavailable</c> is Cairn's own word for RFC 6749's <c>temporarily_unavailable</c>; and
    /// of a token that does not hold, RFC 8693 §2.2.2 lets nothing be said but <c>invalid_request</c>. Records keep the finer word.
    /// </summary>
    public static string CodeOf(CredentialRefusedException refused) => refused.Error switch
    {
        "unavailable" => "temporarily_unavailable",
        "invalid_grant" => "invalid_request",
        var same => same,
    };

    /// <summary>A text within the characters that <c>error_description</c> may have (RFC 6749 §5.2, RFC 6750 §3): ASCII without quotes and backslashes.</summary>
    public static string Describe(string text) => new([.. text.Select(c => c is '"' ? '\'' : c is >= ' ' and <= '~' and not '\\' ? c : '?')]);

    /// <summary>Adds what the answer needs beside its error code.</summary>
    public static void Refuse(this OpenIddictServerTransaction transaction, CredentialBroker broker, CredentialRefusedException refused)
    {
        var http = transaction.GetHttpRequest()!.HttpContext;
        switch (refused.Error)
        {
            case "unavailable":
                http.Items[Status] = StatusCodes.Status503ServiceUnavailable;
                http.Response.Headers.RetryAfter = "1";
                break;
            case "use_dpop_nonce":
                // RFC 9449 §8.
                http.Response.Headers["DPoP-Nonce"] = broker.Parts.Nonces.Make(broker.Parts.Time.GetUtcNow());
                break;
            case "invalid_client" when http.Request.Headers.Authorization.Count == 0:
                // 401 demands a challenge (RFC 9110 §15.5.2), and no scheme of that header field would be taken.
                http.Items[Status] = StatusCodes.Status400BadRequest;
                break;
        }
    }

    /// <summary>Sets the status that <see cref="Refuse"/> chose, over OpenIddict's own choice.</summary>
    public static void ApplyStatus(HttpContext http)
    {
        if (http.Items.TryGetValue(Status, out var status))
        {
            http.Response.StatusCode = (int)status!;
            http.Response.Headers.WWWAuthenticate = default;
        }
    }
}
