using System.Globalization;
using System.Text;

namespace Cairn.Ledger.Vault;

/// <summary>
/// The name of a key in a token: a PKCS#11 URI (RFC 7512) with the module's path, whatever tells the token from others (label, serial
/// number, model, manufacturer, slot) and the key's label or id.
/// </summary>
/// <example><c>pkcs11:token=cairn;object=vault?module-path=/usr/lib/softhsm/libsofthsm2.so</c></example>
public sealed class TokenUri
{
    private const string Scheme = "pkcs11:";

    // RFC 7512 §2.3; what is not among these is refused (§2.3: an attribute that is not understood must not widen the match).
    private static readonly string[] PathNames =
        ["token", "serial", "manufacturer", "model", "object", "id", "type", "slot-id", "slot-description", "slot-manufacturer", "library-manufacturer", "library-description", "library-version"];

    private static readonly string[] Unsupported = ["slot-description", "slot-manufacturer", "library-manufacturer", "library-description", "library-version"];

    private readonly Dictionary<string, byte[]> _path;
    private readonly Dictionary<string, byte[]> _query;

    private TokenUri(Dictionary<string, byte[]> path, Dictionary<string, byte[]> query) => (_path, _query) = (path, query);

    /// <summary>The PKCS#11 library, an absolute path.</summary>
    public string Module => Text(_query, "module-path")!;

    /// <summary>The file with the PIN (<c>pin-source</c>); null where the URI names none.</summary>
    public string? PinFile => Text(_query, "pin-source") is { } source ? source.StartsWith("file:", StringComparison.Ordinal) ? FileOf(source) : source : null;

    /// <summary>The key's label (CKA_LABEL); null for any.</summary>
    public string? Label => Text(_path, "object");

    /// <summary>The key's id (CKA_ID); null for any.</summary>
    public byte[]? Id => _path.GetValueOrDefault("id");

    /// <summary>The token's label; null for any.</summary>
    public string? Token => Text(_path, "token");

    /// <summary>The token's serial number; null for any.</summary>
    public string? Serial => Text(_path, "serial");

    /// <summary>The token's model; null for any.</summary>
    public string? Model => Text(_path, "model");

    /// <summary>Who made the token; null for anybody.</summary>
    public string? Manufacturer => Text(_path, "manufacturer");

    /// <summary>The slot's number; null for any.</summary>
    public ulong? Slot => Text(_path, "slot-id") is { } slot ? ulong.Parse(slot, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    /// <summary>The token in words, for messages.</summary>
    internal string Words => $"the token {(Token is { } label ? $"\"{label}\"" : Serial is { } serial ? $"with the serial number {serial}" : $"in slot {Slot}")}";

    /// <summary>Reads a URI.</summary>
    /// <exception cref="LedgerDirectoryException">It is none, names no module, no token or no key, holds a PIN, or has attributes that are not understood.</exception>
    public static TokenUri Parse(string text)
    {
        if (!text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw Bad("expected pkcs11:token=LABEL;object=LABEL?module-path=/PATH/OF/MODULE.so (RFC 7512)");
        }

        var (path, query) = text.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark ? (text[Scheme.Length..mark], text[(mark + 1)..]) : (text[Scheme.Length..], "");
        var uri = new TokenUri(Attributes(path, ';'), Attributes(query, '&'));
        if (uri._path.Keys.FirstOrDefault(name => !PathNames.Contains(name) || Unsupported.Contains(name)) is { } unknown)
        {
            throw Bad($"the attribute \"{unknown}\" is not understood, and what it is to narrow down would be ignored");
        }

        if (uri._query.ContainsKey("pin-value"))
        {
            // Not repeated: the text of an error lands in logs.
            throw Bad($"it holds a PIN (pin-value), which every process list shows; have it in a file (pin-source, or {TokenPins.FileVariable})");
        }

        if (uri._query.Keys.FirstOrDefault(name => name is not ("module-path" or "pin-source")) is { } other)
        {
            throw Bad($"the attribute \"{other}\" is not understood{(other == "module-name" ? "; name the module's file (module-path)" : "")}");
        }

        if (uri._query.GetValueOrDefault("module-path") is null || !Path.IsPathFullyQualified(uri.Module))
        {
            throw Bad("expected the absolute path of the PKCS#11 module (?module-path=/…/module.so)");
        }

        if (uri.PinFile is { } pin && !Path.IsPathFullyQualified(pin))
        {
            throw Bad("expected the absolute path of a file as its pin-source");
        }

        if (uri._path.ContainsKey("type") && Text(uri._path, "type") != "secret-key")
        {
            throw Bad($"expected type=secret-key, found type={Text(uri._path, "type")}");
        }

        if (uri._path.ContainsKey("slot-id") && !ulong.TryParse(Text(uri._path, "slot-id"), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw Bad("expected a number as its slot-id");
        }

        return uri.Token is null && uri.Serial is null && uri.Slot is null ? throw Bad("expected what tells the token from others: token=LABEL, serial=NUMBER or slot-id=NUMBER")
            : uri.Label is null && uri.Id is null ? throw Bad("expected the key's label or id: object=LABEL or id=%HH…")
            : uri;
    }

    /// <summary>The same name with another key id.</summary>
    public TokenUri WithId(byte[] id) => new(new Dictionary<string, byte[]>(_path, StringComparer.Ordinal) { ["id"] = id }, _query);

    /// <summary>The URI, in the order of RFC 7512's attributes. It never holds a PIN.</summary>
    public override string ToString()
    {
        var path = string.Join(';', PathNames.Where(_path.ContainsKey).Select(name => $"{name}={Escape(_path[name], all: name == "id")}"));
        return $"{Scheme}{path}?{string.Join('&', _query.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={Escape(pair.Value, all: false)}"))}";
    }

    private static LedgerDirectoryException Bad(string why) => new($"the PKCS#11 URI can't be used: {why}");

    private static string? Text(Dictionary<string, byte[]> values, string name) => values.TryGetValue(name, out var value) ? Encoding.UTF8.GetString(value) : null;

    private static string FileOf(string source) => source["file:".Length..] is var path && path.StartsWith("//", StringComparison.Ordinal) && path.IndexOf('/', 2) is > 0 and var root ? path[root..] : path;

    private static Dictionary<string, byte[]> Attributes(string text, char separator)
    {
        var found = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var part in text.Split(separator, StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? part : part[..equals];
            if (equals < 0 || !found.TryAdd(name, Unescape(name, part[(equals + 1)..])))
            {
                throw Bad(equals < 0 ? $"\"{name}\" has no value" : $"the attribute \"{name}\" is there twice");
            }
        }

        return found;
    }

    private static byte[] Unescape(string name, string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAscii(text[i]))
            {
                throw Bad($"the value of \"{name}\" has a character that is not ASCII; write its UTF-8 as %HH");
            }
            else if (text[i] != '%')
            {
                bytes.Add((byte)text[i]);
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                throw Bad($"the value of \"{name}\" has a % that is not followed by two hexadecimal digits");
            }
        }

        return [.. bytes];
    }

    // RFC 7512 §2.3, unreserved; "/" besides in paths for the reader's sake (pk11-res-avail for queries has it).
    private static string Escape(byte[] value, bool all) => string.Concat(value.Select(octet =>
        !all && (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~' or (byte)'/' or (byte)':') ? ((char)octet).ToString() : $"%{octet:X2}"));
}
