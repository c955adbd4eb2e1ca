using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cairn.Evidence.Records;

/// <summary>Errors: what was expected at which byte of which member. Built only when a record is refused.</summary>
internal ref partial struct JsonScan
{
    [DoesNotReturn]
    private readonly void Fail(string expectation) => Fail(_utf8, _at, expectation);

    [DoesNotReturn]
    internal static void Fail(ReadOnlySpan<byte> utf8, int offset, string expectation)
    {
        var found = offset >= utf8.Length ? "the end"
            : utf8[offset] is >= 0x20 and < 0x7f ? $"\"{Excerpt(utf8[offset..Math.Min(utf8.Length, offset + 24)])}\""
            : $"byte 0x{utf8[offset]:x2}";
        var path = JsonPath.At(utf8, offset);
        throw new EvidenceFormatException($"record, byte {offset}{(path.Length == 0 ? "" : $", member {path}")}: {expectation}, found {found}");
    }

    /// <summary>Apart, so that the scan's own frame does not carry the message's building.</summary>
    [DoesNotReturn]
    private static void FailRepeated(ReadOnlySpan<byte> utf8, int offset, ReadOnlySpan<byte> name) =>
        Fail(utf8, offset, $"expected each name once in an object, found \"{Excerpt(name)}\" again");

    private static string Excerpt(ReadOnlySpan<byte> utf8) => Hex.Excerpt(Encoding.UTF8.GetString(utf8));
}

/// <summary>Names the member that a byte belongs to, such as <c>action.input</c> or <c>outcome.emitters[2]</c>.</summary>
internal static class JsonPath
{
    /// <summary>Walks the bytes before <paramref name="offset"/>, which need not be well-formed.</summary>
    public static string At(ReadOnlySpan<byte> utf8, int offset)
    {
        var levels = new List<(string? Name, int Index)>();
        var nameNext = false;
        for (var i = 0; i < offset && i < utf8.Length; i++)
        {
            switch (utf8[i])
            {
                case (byte)'{':
                    levels.Add(("", -1));
                    nameNext = true;
                    break;
                case (byte)'[':
                    levels.Add((null, 0));
                    nameNext = false;
                    break;
                case (byte)'}' or (byte)']' when levels.Count > 0:
                    levels.RemoveAt(levels.Count - 1);
                    nameNext = false;
                    break;
                case (byte)',' when levels.Count > 0:
                    var top = levels[^1];
                    levels[^1] = top.Name is null ? (null, top.Index + 1) : ("", -1);
                    nameNext = top.Name is not null;
                    break;
                case (byte)'"':
                    var end = EndOfString(utf8, i + 1);
                    if (nameNext && levels.Count > 0)
                    {
                        levels[^1] = (Hex.Excerpt(Encoding.UTF8.GetString(utf8[(i + 1)..end])), -1);
                        nameNext = false;
                    }

                    i = end;
                    break;
                default:
                    break;
            }
        }

        var path = new StringBuilder();
        foreach (var (name, index) in levels)
        {
            _ = name is null ? path.Append('[').Append(index).Append(']')
                : name.Length == 0 ? path
                : path.Append(path.Length == 0 ? "" : ".").Append(name);
        }

        return path.Length <= 200 ? path.ToString() : $"{path.ToString(0, 200)}…";
    }

    private static int EndOfString(ReadOnlySpan<byte> utf8, int at)
    {
        while (at < utf8.Length && utf8[at] != '"')
        {
            at += utf8[at] == '\\' ? 2 : 1;
        }

        return Math.Min(at, utf8.Length);
    }
}
