using System.Buffers;

namespace Cairn.Sdk.Redaction;

/// <summary>How much a name says about its value.</summary>
internal enum SecretName
{
    /// <summary>Nothing.</summary>
    No,

    /// <summary>The value is secret if it also looks like one (long, mixed, of high entropy).</summary>
    Perhaps,

    /// <summary>The value is a secret whatever it looks like.</summary>
    Yes,
}

/// <summary>
/// Names of members, headers, variables and flags whose values are secrets. Case and the separators <c>- _ .</c> and
/// space don't count: <c>X-Api-Key</c>, <c>apiKey</c> and <c>API_KEY</c> are one name.
/// </summary>
internal static class SecretNames
{
    private const int LongestName = 64;

    private static readonly HashSet<string> Exact = new(StringComparer.Ordinal)
    {
        "authorization", "proxyauthorization", "cookie", "cookies", "setcookie", "setcookie2", "jwt", "pwd", "pass", "passphrase",
        "credential", "credentials", "connectionstring", "connstr", "sessionid", "phpsessid", "jsessionid", "connectsid", "bearer", "otp",
        "privatekeypem", "secretstring", "xamzsecuritytoken", "xvaulttoken", "pgpassword", "sshkey", "accountkey", "sharedaccesskey",
        "tokens", "secrets", "passwords", "apikeys", "clientassertion", "samlresponse", "codeverifier", "mnemonic", "seedphrase",
    };

    private static readonly string[] Endings =
    [
        "password", "passwd", "passcode", "passphrase", "secret", "secretkey", "secretaccesskey", "clientsecret", "privatekey", "apikey", "token",
        "accesskey", "signingkey", "encryptionkey", "masterkey", "sessionkey", "authkey", "servicekey", "credential",
    ];

    /// <summary>Names that end like a secret and are none: cursors and progress handles, which evidence needs.</summary>
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "progresstoken", "nexttoken", "pagetoken", "nextpagetoken", "prevpagetoken", "previouspagetoken", "continuationtoken",
        "nextcontinuationtoken", "synctoken", "nextsynctoken", "maxtoken", "eostoken", "bostoken", "padtoken", "stoptoken",
    };

    private static readonly HashSet<string> Weak = new(StringComparer.Ordinal)
    {
        "key", "auth", "authentication", "session", "sid", "signature", "sig", "code", "state", "pw", "salt", "seed", "value", "nonce", "cert",
        "accesskeyid", "keyid", "login", "assertion", "ticket", "hash",
    };

    private static readonly SearchValues<char> Separators = SearchValues.Create("-_. ");

    /// <summary>Judges a name as it stands in a document, a header, an environment or after a flag's dashes.</summary>
    public static SecretName Judge(ReadOnlySpan<char> name)
    {
        Span<char> buffer = stackalloc char[LongestName];
        var length = 0;
        foreach (var c in name)
        {
            if (Separators.Contains(c))
            {
                continue;
            }

            if (length == LongestName)
            {
                return SecretName.No; // prose, not a name
            }

            buffer[length++] = char.ToLowerInvariant(c);
        }

        ReadOnlySpan<char> plain = buffer[..length];
        if (Harmless.GetAlternateLookup<ReadOnlySpan<char>>().Contains(plain))
        {
            return SecretName.No;
        }

        if (Exact.GetAlternateLookup<ReadOnlySpan<char>>().Contains(plain))
        {
            return SecretName.Yes;
        }

        foreach (var ending in Endings)
        {
            if (plain.EndsWith(ending, StringComparison.Ordinal))
            {
                return SecretName.Yes;
            }
        }

        return Weak.GetAlternateLookup<ReadOnlySpan<char>>().Contains(plain) ? SecretName.Perhaps : SecretName.No;
    }

    /// <summary>
    /// Whether a value looks generated: at least 20 characters without spaces, letters and digits mixed, and at least
    /// 3.3 bits of Shannon entropy a character (English text of that length has about 3, random base64 above 4).
    /// </summary>
    public static bool LooksGenerated(ReadOnlySpan<char> value)
    {
        if (value.Length is < 20 or > 4096)
        {
            return false;
        }

        Span<int> counts = stackalloc int[128];
        var (digits, letters) = (0, 0);
        foreach (var c in value)
        {
            if (c is <= ' ' or >= '\u007f')
            {
                return false;
            }

            counts[c]++;
            digits += char.IsAsciiDigit(c) ? 1 : 0;
            letters += char.IsAsciiLetter(c) ? 1 : 0;
        }

        var entropy = 0.0;
        foreach (var count in counts)
        {
            if (count > 0)
            {
                var p = (double)count / value.Length;
                entropy -= p * Math.Log2(p);
            }
        }

        return digits > 0 && letters > 0 && entropy >= 3.3;
    }
}
