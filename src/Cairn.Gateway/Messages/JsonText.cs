using System.Text;
using System.Text.Json;

namespace Cairn.Gateway.Messages;

/// <summary>Reading strings of JSON that may hold escapes for half a surrogate pair.</summary>
internal static class JsonText
{
    /// <summary>The unescaped text of a string or member name; false when its escapes are not Unicode text.</summary>
    public static bool TryGet(ref Utf8JsonReader reader, out string text)
    {
        if (!reader.ValueIsEscaped)
        {
            text = Encoding.UTF8.GetString(reader.ValueSpan);
            return true;
        }

        try
        {
            text = reader.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            // The only documented cause here: an escaped surrogate without its partner.
            text = "";
            return false;
        }
    }
}
