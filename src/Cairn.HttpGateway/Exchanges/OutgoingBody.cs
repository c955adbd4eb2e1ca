using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Gateway.Messages;
using Cairn.HttpGateway.Configuration;
using Cairn.HttpGateway.Sessions;

namespace Cairn.HttpGateway.Exchanges;

/// <summary>
/// The body that goes to the server: the caller's own, with each action's trace parent in <c>params._meta</c>, and its
/// credential where the route delivers it there. Every other byte stays.
/// </summary>
internal static class OutgoingBody
{
    /// <summary>The member that holds a credential: an object with <c>token</c> and <c>token_type</c>, as stdio servers get it.</summary>
    public const string CredentialMember = "cairn/credential";

    /// <summary>Makes the body.</summary>
    /// <param name="exchange">What the caller sent.</param>
    /// <param name="permits">The permits of its actions.</param>
    /// <param name="delivery">How credentials are delivered.</param>
    /// <param name="obstacle">Why the body can't be made; null: it is made.</param>
    public static ReadOnlyMemory<byte> Make(
        Exchange exchange, IReadOnlyDictionary<PendingRequest, ActionPermit> permits, CredentialDelivery delivery, out string? obstacle)
    {
        obstacle = null;
        var splices = new List<LineSplice>();
        foreach (var (request, action) in exchange.Actions)
        {
            var permit = permits[request];
            var message = exchange.MessageOf(request);
            var credential = delivery == CredentialDelivery.Meta && permit.Credential is { } issued
                ? $"{{\"token\":\"{JavaScriptEncoder.Default.Encode(issued.Token)}\",\"token_type\":\"{JavaScriptEncoder.Default.Encode(issued.TokenType)}\"}}" : null;
            var splicesTrace = McpMethods.ActionOf(request.Method, Cairn.Gateway.Forwarding.Direction.ClientToServer) is { Splices: true };
            var trace = splicesTrace ? TraceParentSplice.For(message, exchange.Body.Span, permit.Context.ToString()) : null;
            if (credential is null)
            {
                if (trace is { } only)
                {
                    splices.Add(only);
                }
            }
            else if (!AddCredential(splices, message, exchange.Body, credential, trace, permit.Context.ToString()))
            {
                obstacle = $"{request.Method} has no place for the credential that it needs: expected params with a _meta object, without a member {CredentialMember}";
                return default;
            }
        }

        return splices.Count == 0 ? exchange.Body : LineSplice.Apply(exchange.Body.Span, splices);
    }

    private static bool AddCredential(
        List<LineSplice> splices, McpMessage message, ReadOnlyMemory<byte> body, string credential, LineSplice? trace, string traceParent)
    {
        var member = $"\"{CredentialMember}\":{credential}";
        if (message["params._meta"] is { } meta)
        {
            if (meta.Type != JsonTokenType.StartObject || HoldsCredential(meta.In(body)))
            {
                return false;
            }

            // Something follows it in every case: the caller's own members, or the trace parent.
            var isEmpty = meta.In(body.Span)[1..^1].IndexOfAnyExcept(" \t\r\n"u8) < 0;
            splices.Add(new LineSplice(meta.Start + 1, 0, Encoding.ASCII.GetBytes(isEmpty && trace is null ? member : member + ",")));
            if (trace is { } replaced)
            {
                splices.Add(replaced);
            }

            return true;
        }

        if (message["params"] is not { Type: JsonTokenType.StartObject } parameters)
        {
            return false;
        }

        var alone = parameters.In(body.Span)[1..^1].IndexOfAnyExcept(" \t\r\n"u8) < 0;
        var whole = trace is null ? $"\"_meta\":{{{member}}}" : $"\"_meta\":{{\"traceparent\":\"{traceParent}\",{member}}}";
        splices.Add(new LineSplice(parameters.Start + 1, 0, Encoding.ASCII.GetBytes(alone ? whole : whole + ",")));
        return true;
    }

    /// <summary>A caller that brings the member itself would be believed in the gateway's name.</summary>
    private static bool HoldsCredential(ReadOnlyMemory<byte> meta)
    {
        using var document = JsonDocument.Parse(meta, new JsonDocumentOptions { MaxDepth = MessageScanner.MaxDepth });
        return document.RootElement.TryGetProperty(CredentialMember, out _);
    }
}
