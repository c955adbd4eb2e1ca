using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>
/// Which attributes a bundle's policies read at all. What none of them names can't change a decision, so it is not sent to
/// the engine, whose time goes mostly into reading the request.
/// </summary>
internal sealed class PolicyNeeds
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _wholeContext;

    /// <summary>Takes a policy's Cedar JSON into account.</summary>
    public void Add(JsonElement policy) => Walk(policy, isLeft: false);

    /// <summary>Whether some policy may read an attribute of this name, of whatever.</summary>
    public bool Reads(string name) => _wholeContext || _names.Contains(name);

    private void Walk(JsonElement value, bool isLeft)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                Walk(item, isLeft: false);
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                Walk(member, isLeft);
            }
        }
    }

    private void Walk(JsonProperty member, bool isLeft)
    {
        if (member.Name is "." or "has" && member.Value.ValueKind == JsonValueKind.Object && member.Value.TryGetProperty("attr", out var attribute))
        {
            Name(attribute);
            Walk(member.Value.GetProperty("left"), isLeft: true);
        }
        else if (member.Name == "Var" && member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() == "context" && !isLeft)
        {
            // The context as a whole, compared or handed on: all of it counts.
            _wholeContext = true;
        }
        else
        {
            Walk(member.Value, isLeft: false);
        }
    }

    private void Name(JsonElement attribute)
    {
        if (attribute.ValueKind == JsonValueKind.String)
        {
            _names.Add(attribute.GetString()!);
        }
        else
        {
            foreach (var step in attribute.EnumerateArray())
            {
                _names.Add(step.GetString()!);
            }
        }
    }
}
