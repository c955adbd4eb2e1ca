using System.Text;
using System.Text.Json;
using Cairn.Sdk.Redaction;

namespace Cairn.Sdk;

/// <summary>
/// Takes secrets out of what is kept or written into records: authorization headers, cookies, API keys, tokens,
/// passwords, private keys and credentials in URIs, by the name before them and by their own form. What is taken out is
/// replaced by <c>[redacted:KIND]</c>. A filter for accidents, not a proof: a secret without a telling name or form
/// passes, which is why <c>metadata</c> capture keeps no content at all.
/// </summary>
public static class Redactor
{
    /// <summary>The text that stands in a secret's place.</summary>
    public static string Marker(string kind) => $"[redacted:{kind}]";

    /// <summary>Redacts running text: a message, a header block, a log line, JSON in a string.</summary>
    public static string RedactText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var found = 0;
        return JsonRedaction.Text(text, 0, ref found);
    }

    /// <summary>
    /// Redacts content of any media type. JSON is redacted by its structure, other UTF-8 text by its patterns; bytes
    /// that are not UTF-8 are judged as Latin-1 text, so that a key in the middle of binary data is found too.
    /// </summary>
    /// <param name="content">The content; unchanged bytes are returned as they are when nothing is found.</param>
    /// <param name="found">How many secrets were taken out.</param>
    public static ReadOnlyMemory<byte> RedactContent(ReadOnlyMemory<byte> content, out int found)
    {
        found = 0;
        try
        {
            using var document = JsonDocument.Parse(content);
            return JsonRedaction.Apply(document.RootElement, ref found) ?? content;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or JSON with unpaired surrogates: judged as text.
        }

        var encoding = System.Text.Unicode.Utf8.IsValid(content.Span) ? Encoding.UTF8 : Encoding.Latin1;
        var text = encoding.GetString(content.Span);
        var redacted = JsonRedaction.Text(text, 0, ref found);
        return found == 0 ? content : encoding.GetBytes(redacted);
    }

    /// <summary>Redacts a secret that is known by its value, wherever it stands in the content.</summary>
    /// <param name="content">The content; unchanged bytes are returned as they are when nothing is found.</param>
    /// <param name="secret">The secret; empty: none.</param>
    /// <param name="found">How often it was taken out.</param>
    public static ReadOnlyMemory<byte> RedactValue(ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> secret, out int found)
    {
        found = 0;
        if (secret.IsEmpty || content.Span.IndexOf(secret.Span) < 0)
        {
            return content;
        }

        var marker = Encoding.UTF8.GetBytes(Marker("credential"));
        using var kept = new MemoryStream();
        var rest = content.Span;
        for (var at = rest.IndexOf(secret.Span); at >= 0; at = rest.IndexOf(secret.Span))
        {
            kept.Write(rest[..at]);
            kept.Write(marker);
            rest = rest[(at + secret.Length)..];
            found++;
        }

        kept.Write(rest);
        return kept.ToArray();
    }

    /// <summary>
    /// A URI as a record may name it: without userinfo, without the values of its query and fragment (their names stay),
    /// and without secrets in its path.
    /// </summary>
    public static string RedactUri(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var cut = uri.AsSpan().IndexOfAny('?', '#');
        var (place, rest) = cut < 0 ? (uri, "") : (uri[..cut], uri[cut..]);
        var found = 0;
        place = SecretPatterns.Apply(place, ref found);
        if (rest.Length == 0)
        {
            return place;
        }

        var output = new StringBuilder(place);
        var start = 0;
        for (var i = 0; i <= rest.Length; i++)
        {
            if (i == rest.Length || rest[i] is '?' or '#' or '&' or ';')
            {
                AppendParameter(output, rest.AsSpan(start, i - start));
                if (i < rest.Length)
                {
                    output.Append(rest[i]);
                }

                start = i + 1;
            }
        }

        return output.ToString();
    }

    /// <summary>A command line as a record may name it: values of secret flags and assignments, and secrets by form, are taken out.</summary>
    public static IReadOnlyList<string> RedactArguments(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var output = new List<string>(arguments.Count);
        var next = SecretName.No;
        foreach (var argument in arguments)
        {
            var secret = next == SecretName.Yes || (next == SecretName.Perhaps && SecretNames.LooksGenerated(argument));
            output.Add(secret && !argument.StartsWith("--", StringComparison.Ordinal) ? Marker("value") : RedactText(argument));
            next = JsonRedaction.Announces(argument, count: 0);
        }

        return output;
    }

    // "name=value" keeps its name; a parameter without "=" may itself be a token and is kept only if it looks like a name.
    private static void AppendParameter(StringBuilder output, ReadOnlySpan<char> parameter)
    {
        var equals = parameter.IndexOf('=');
        if (equals >= 0)
        {
            output.Append(parameter[..equals]).Append('=').Append(equals + 1 < parameter.Length ? Marker("query") : "");
        }
        else
        {
            output.Append(SecretNames.LooksGenerated(parameter) ? Marker("query") : parameter);
        }
    }
}
