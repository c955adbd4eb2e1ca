using System.Globalization;
using Cairn.Evidence;

namespace Cairn.Identity.Enrolment;

/// <summary>One thing that must be true of a process: <c>unix:uid:N</c>, <c>unix:gid:N</c>, <c>unix:path:/ABSOLUTE</c> or <c>unix:sha256:HEX</c>, as SPIRE writes them.</summary>
public readonly record struct Selector
{
    private Selector(string kind, string value) => (Kind, Value) = (kind, value);

    /// <summary><c>uid</c>, <c>gid</c>, <c>path</c> or <c>sha256</c>.</summary>
    public string Kind { get; }

    /// <summary>What it must be.</summary>
    public string Value { get; }

    /// <summary>Reads a selector.</summary>
    /// <exception cref="EvidenceFormatException">It has another form; the message says which is expected.</exception>
    public static Selector Parse(string text)
    {
        var parts = (text ?? "").Split(':', 3);
        var isGood = parts.Length == 3 && parts[0] == "unix" && parts[1] switch
        {
            "uid" or "gid" => uint.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number.ToString(CultureInfo.InvariantCulture) == parts[2],
            "path" => parts[2].StartsWith('/') && System.IO.Path.GetFullPath(parts[2]) == parts[2],
            "sha256" => parts[2].Length == 64 && parts[2].All(char.IsAsciiHexDigitLower),
            _ => false,
        };
        return isGood
            ? new Selector(parts[1], parts[2])
            : throw new EvidenceFormatException($"\"{text}\" is not a selector; expected unix:uid:N, unix:gid:N, unix:path:/ABSOLUTE/PATH or unix:sha256:64 lower-case hexadecimal digits");
    }

    /// <summary>Whether it is true of a process. What the kernel did not tell is not true.</summary>
    public bool Matches(PeerFacts peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return Kind switch
        {
            "uid" => peer.Uid.ToString(CultureInfo.InvariantCulture) == Value,
            "gid" => peer.Gid.ToString(CultureInfo.InvariantCulture) == Value,
            "path" => peer.Path == Value,
            "sha256" => peer.Sha256?.ToString() == Value,
            _ => false,
        };
    }

    /// <summary>The selector's text.</summary>
    public override string ToString() => $"unix:{Kind}:{Value}";
}
