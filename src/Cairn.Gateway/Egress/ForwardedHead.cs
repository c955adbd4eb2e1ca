using System.Text;

namespace Cairn.Gateway.Egress;

/// <summary>What of a header goes on to the other side (RFC 9110 §7.6): not what is meant for this connection alone.</summary>
internal static class ForwardedHead
{
    private const string Pseudonym = "cairn";

    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
        "TE", "Trailer", "Transfer-Encoding", "Content-Length", "Upgrade",
    };

    /// <summary>Whether this proxy has passed the message on before.</summary>
    public static bool IsLoop(MessageHead head) =>
        head["Via"].SelectMany(HttpSyntax.ListOf).Any(hop => hop.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var by, ..] && by == Pseudonym);

    /// <summary>The request for the origin server. Its connection ends with the response: nothing after it can be taken for another's.</summary>
    /// <param name="head">The request as it came.</param>
    /// <param name="target">Where to; its authority is the <c>Host</c>, whatever the request said (RFC 9112 §3.2.2).</param>
    /// <param name="framing">The body's.</param>
    /// <param name="traceParent">The action's own span.</param>
    /// <param name="credential">Authorization fields that the action is done with, in place of the caller's; null: the caller's.</param>
    public static byte[] Request(MessageHead head, Target target, BodyFraming framing, string traceParent, IReadOnlyList<HeaderField>? credential)
    {
        var text = new StringBuilder($"{head.StartLine.First} {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\n");
        foreach (var field in EndToEnd(head).Where(field => !field.Is("Host") && !field.Is("traceparent") && !field.Is("Via")
            && (credential is null || !(field.Is("Authorization") || field.Is("DPoP")))))
        {
            Append(text, field);
        }

        foreach (var field in credential ?? [])
        {
            Append(text, field);
        }

        Append(text, new HeaderField("traceparent", traceParent));
        AppendVia(text, head, head.StartLine.Third);
        AppendFraming(text, framing);
        return Encoding.Latin1.GetBytes(text.Append("Connection: close\r\n\r\n").ToString());
    }

    /// <summary>The response for the client.</summary>
    /// <param name="head">The response as it came.</param>
    /// <param name="framing">The body's on this side.</param>
    /// <param name="length">A length to tell where there is no body, as of a HEAD; null: none.</param>
    /// <param name="closes">Whether the connection ends with it.</param>
    public static byte[] Response(MessageHead head, BodyFraming framing, string? length, bool closes)
    {
        var text = new StringBuilder($"HTTP/1.1 {head.StartLine.Second} {head.StartLine.Third}\r\n");
        foreach (var field in EndToEnd(head).Where(field => !field.Is("Via")))
        {
            Append(text, field);
        }

        AppendVia(text, head, head.StartLine.First);
        if (length is not null)
        {
            Append(text, new HeaderField("Content-Length", length));
        }
        else if (head.StartLine.Second[0] != '1' && head.StartLine.Second != "204" && !(framing.Kind == BodyKind.None && head.StartLine.Second == "304"))
        {
            AppendFraming(text, framing.Kind == BodyKind.None ? new BodyFraming(BodyKind.Length) : framing);
        }

        return Encoding.Latin1.GetBytes(text.Append(closes ? "Connection: close\r\n\r\n" : "\r\n").ToString());
    }

    private static IEnumerable<HeaderField> EndToEnd(MessageHead head)
    {
        var named = head["Connection"].SelectMany(HttpSyntax.ListOf).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return head.Fields.Where(field => !HopByHop.Contains(field.Name) && !named.Contains(field.Name));
    }

    private static void AppendVia(StringBuilder text, MessageHead head, string version)
    {
        var hops = head["Via"].Append($"{(version == "HTTP/1.0" ? "1.0" : "1.1")} {Pseudonym}");
        Append(text, new HeaderField("Via", string.Join(", ", hops)));
    }

    private static void AppendFraming(StringBuilder text, BodyFraming framing)
    {
        if (framing.Kind == BodyKind.Length)
        {
            text.Append("Content-Length: ").Append(framing.Length).Append("\r\n");
        }
        else if (framing.Kind == BodyKind.Chunked)
        {
            text.Append("Transfer-Encoding: chunked\r\n");
        }
    }

    private static void Append(StringBuilder text, HeaderField field) => text.Append(field.Name).Append(": ").Append(field.Value).Append("\r\n");
}
