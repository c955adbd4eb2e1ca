using System.Text;

namespace Cairn.Trails;

/// <summary>
/// The texts that a trail says over and over (types, tools, statuses), each kept once: a fixed number of places, each holding
/// the newest that fell on it. Texts that are all different cost what they cost without it.
/// </summary>
internal sealed class SharedTexts
{
    private const int Places = 4096;

    // Longer ones are rarely said twice.
    private const int LongestText = 256;

    private readonly string?[] _known = new string?[Places];

    /// <summary>The text that some UTF-8 stands for.</summary>
    public string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > LongestText)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var place = ref _known[(uint)hash.ToHashCode() % Places];
        return place is not null && Ascii.Equals(utf8, place) ? place : place = Encoding.UTF8.GetString(utf8);
    }
}
