using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>A value in one of the bundle's JSON files that knows where it is, so that an error can say so.</summary>
internal readonly struct JsonPlace(string file, string path, JsonElement value, List<PolicyProblem> problems)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    public JsonElement Value => value;

    public string Path => path;

    /// <summary>Reads a file; null, and a problem noted, when it is not JSON.</summary>
    public static JsonPlace? Read(BundleFiles files, string file, List<PolicyProblem> problems)
    {
        try
        {
            var root = JsonDocument.Parse(files.Files[file], Strict).RootElement;
            return StrictText.Holds(root) ? new JsonPlace(file, "", root, problems) : throw new JsonException("a text is not Unicode");
        }
        catch (JsonException e)
        {
            problems.Add(new PolicyProblem(file, (int)(e.LineNumber ?? -1) + 1, (int)(e.BytePositionInLine ?? -1) + 1, $"not JSON: {e.Message.Split(" LineNumber")[0]}"));
            return null;
        }
    }

    public void Problem(string message) => problems.Add(new PolicyProblem(file, 0, 0, path.Length == 0 ? message : $"{path}: {message}"));

    /// <summary>The members of an object, none of another name than those allowed.</summary>
    public Dictionary<string, JsonPlace> Members(params ReadOnlySpan<string> allowed)
    {
        var members = AnyMembers();
        foreach (var name in members.Keys.ToList())
        {
            if (!allowed.Contains(name))
            {
                members[name].Problem($"unknown name; expected one of {string.Join(", ", allowed)}");
                members.Remove(name);
            }
        }

        return members;
    }

    public Dictionary<string, JsonPlace> AnyMembers()
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            Problem($"expected an object, found {Found}");
            return [];
        }

        var members = new Dictionary<string, JsonPlace>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            members[member.Name] = new JsonPlace(file, $"{path}/{member.Name}", member.Value, problems);
        }

        return members;
    }

    public List<JsonPlace> Items()
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Problem($"expected an array, found {Found}");
            return [];
        }

        var (here, its) = (this, new List<JsonPlace>());
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            its.Add(new JsonPlace(file, $"{path}/{index++}", item, problems));
        }

        return its;
    }

    public string Text()
    {
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text)
        {
            return text;
        }

        Problem($"expected a text, found {Found}");
        return "";
    }

    public bool Flag()
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Problem($"expected true or false, found {Found}");
        return false;
    }

    public IReadOnlyList<string> Texts() => [.. Items().Select(i => i.Text())];

    /// <summary>One of the values of an enumeration, by the names given.</summary>
    public T OneOf<T>(params (string Name, T Value)[] choices)
    {
        var text = Text();
        foreach (var (name, choice) in choices)
        {
            if (name == text)
            {
                return choice;
            }
        }

        // Where it is no text, that is the problem.
        if (value.ValueKind == JsonValueKind.String)
        {
            Problem($"expected {string.Join(", ", choices.Select(c => c.Name))}, found \"{text}\"");
        }

        return choices[0].Value;
    }

    /// <summary>A duration such as <c>90s</c>, <c>15m</c>, <c>8h</c> or <c>2d</c>: more than nothing.</summary>
    public TimeSpan Duration()
    {
        var text = Text();
        if (Durations.TryParse(text, out var duration))
        {
            return duration;
        }

        Problem($"expected a duration such as 90s, 15m, 8h or 2d, found \"{text}\"");
        return TimeSpan.Zero;
    }

    private string Found => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
