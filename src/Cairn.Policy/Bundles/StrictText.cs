using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>Texts that are Unicode: an escape of half a surrogate pair is JSON, and no text.</summary>
internal static class StrictText
{
    /// <summary>Whether all texts and names in a value are Unicode.</summary>
    public static bool Holds(JsonElement value)
    {
        try
        {
            Walk(value);
            return true;
        }
        catch (InvalidOperationException)
        {
            // What the reader throws for text that can't be transcoded.
            return false;
        }
    }

    private static void Walk(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                _ = value.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    Walk(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    Walk(member.Value);
                }

                break;
        }
    }
}
