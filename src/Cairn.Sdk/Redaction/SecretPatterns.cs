using System.Text;
using System.Text.RegularExpressions;

namespace Cairn.Sdk.Redaction;

/// <summary>
/// Secrets that show by their own form, or by the name before them, in running text. Every pattern is anchored on a
/// literal and repeats one character class, so that matching stays linear in the text.
/// </summary>
internal static partial class SecretPatterns
{
    /// <summary>Replaces what looks secret; counts the replacements.</summary>
    public static string Apply(string text, ref int found)
    {
        if (text.Length < 6)
        {
            return text;
        }

        var count = 0;
        text = PrivateKey().Replace(text, _ => Mark("private-key", ref count));
        text = UserInfo().Replace(text, m => $"{m.Groups["scheme"].Value}{Mark("userinfo", ref count)}@");
        text = Jwt().Replace(text, _ => Mark("jwt", ref count));
        text = Vendor().Replace(text, _ => Mark("api-key", ref count));
        text = HeaderLine().Replace(text, m => IsMarked(m.Groups["value"].Value) ? m.Value : m.Groups["name"].Value + Mark(HeaderKind(m.Groups["name"].Value), ref count));
        text = Bearer().Replace(text, m => $"{m.Groups["scheme"].Value} {Mark("bearer", ref count)}");
        text = Basic().Replace(text, m => IsBasic(m.Groups["value"].Value) ? $"{m.Groups["scheme"].Value} {Mark("basic", ref count)}" : m.Value);
        text = Assignment().Replace(text, m => Assigned(m, ref count));
        found += count;
        return text;
    }

    private static string Mark(string kind, ref int count)
    {
        count++;
        return Redactor.Marker(kind);
    }

    private static bool IsMarked(string value) => value.StartsWith("[redacted:", StringComparison.Ordinal);

    private static string HeaderKind(string name) => name.Contains("ookie", StringComparison.OrdinalIgnoreCase) ? "cookie" : "authorization";

    private static string Assigned(Match match, ref int count)
    {
        var value = match.Groups["value"].Value;
        var bare = value.Trim('"', '\'', '\\');
        if (bare.Length == 0 || IsMarked(bare) || bare is "null" or "true" or "false" or "None" or "undefined"
            || SecretNames.Judge(match.Groups["name"].ValueSpan) switch
            {
                SecretName.Yes => false,
                SecretName.Perhaps => !SecretNames.LooksGenerated(bare),
                _ => true,
            })
        {
            return match.Value;
        }

        var quote = value[0] is '"' or '\'' ? value[..1] : "";
        return $"{match.Groups["name"].Value}{match.Groups["sign"].Value}{quote}{Mark("value", ref count)}{quote}";
    }

    // Basic credentials are base64 of "user:password" (RFC 7617 §2); "basic understanding" is not.
    private static bool IsBasic(string value)
    {
        var buffer = new byte[value.Length];
        return Convert.TryFromBase64String(value.PadRight((value.Length + 3) / 4 * 4, '='), buffer, out var length)
            && Encoding.Latin1.GetString(buffer, 0, length).Contains(':', StringComparison.Ordinal);
    }

    [GeneratedRegex(@"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----[^-]*(?:-(?!----END)[^-]*)*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----)?|PRIVATE\+KEY\+[^\s""']+|AGE-SECRET-KEY-1[A-Z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"(?<scheme>\b[A-Za-z][A-Za-z0-9+.\-]{0,30}://)[^\s/@?#""'<>]{1,512}@", RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*){1,3}", RegexOptions.CultureInvariant)]
    private static partial Regex Jwt();

    [GeneratedRegex(
        @"\b(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_\-]{16,}|xox[abceoprs]-[A-Za-z0-9\-]{8,}"
        + @"|xapp-[A-Za-z0-9\-]{10,}|sk-[A-Za-z0-9_\-]{16,}|[sr]k_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_\-]{30,}|ya29\.[A-Za-z0-9_\-]{20,}"
        + @"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_\-]{30,}|hf_[A-Za-z0-9]{24,}|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}|dop_v1_[a-f0-9]{40,}|hvs\.[A-Za-z0-9_\-]{20,})",
        RegexOptions.CultureInvariant)]
    private static partial Regex Vendor();

    [GeneratedRegex(
        @"(?<name>\b(?:proxy-authorization|authorization|set-cookie2?|cookie|x-api-key|x-auth-token|x-amz-security-token|x-vault-token)[""']?\s{0,4}:\s{0,4}[""']?)(?<value>[^\r\n""']{2,})",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex HeaderLine();

    [GeneratedRegex(@"(?<scheme>\b(?:bearer|dpop))\s{1,8}[A-Za-z0-9._~+/\-]{8,}=*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Bearer();

    [GeneratedRegex(@"(?<scheme>\bbasic)\s{1,8}(?<value>[A-Za-z0-9+/]{4,}={0,2})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Basic();

    [GeneratedRegex(
        @"(?<![A-Za-z0-9_.\-])(?<name>-{0,2}[A-Za-z_][A-Za-z0-9_.\-]{1,63})(?<sign>\\?[""']?\s{0,4}(?:=|:(?!//))\s{0,4}\\?)(?<value>""[^""\r\n]*""|'[^'\r\n]*'|[^\s""',;&<>)}\]]+)",
        RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();
}
