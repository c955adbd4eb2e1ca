using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.HttpGateway.Configuration;

/// <summary>A value of the configuration with its place, so that every complaint names file and JSON path.</summary>
/// <param name="File">The file, for messages.</param>
/// <param name="Path">The JSON path, <c>$</c> being the whole.</param>
/// <param name="Value">The value.</param>
internal readonly record struct ConfigurationNode(string File, string Path, JsonElement Value)
{
    /// <summary>The folder that relative file names start from.</summary>
    private string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(File))!;

    /// <summary>Requires an object with no other members than these, each at most once.</summary>
    public ConfigurationNode Only(params ReadOnlySpan<string> names)
    {
        if (Value.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("an object");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in Value.EnumerateObject())
        {
            var at = this with { Path = $"{Path}.{member.Name}", Value = member.Value };
            if (!seen.Add(member.Name))
            {
                throw at.Error("this name stands twice in its object");
            }

            if (!names.Contains(member.Name))
            {
                throw at.Error($"nothing of this name is known here; expected {string.Join(", ", names)}");
            }
        }

        return this;
    }

    /// <summary>All members of an object whose names are free, each at most once.</summary>
    public IReadOnlyList<(string Name, ConfigurationNode Node)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("an object");
        }

        var members = new List<(string, ConfigurationNode)>();
        foreach (var member in Value.EnumerateObject())
        {
            var at = this with { Path = $"{Path}.{member.Name}", Value = member.Value };
            if (members.Exists(known => known.Item1 == member.Name))
            {
                throw at.Error("this name stands twice in its object");
            }

            members.Add((member.Name, at));
        }

        return members;
    }

    /// <summary>A member; null when it is absent.</summary>
    public ConfigurationNode? Find(string name) =>
        Value.TryGetProperty(name, out var found) ? this with { Path = $"{Path}.{name}", Value = found } : null;

    /// <summary>A member that must be there.</summary>
    public ConfigurationNode Get(string name) => Find(name) ?? throw Error($"\"{name}\" is missing");

    /// <summary>The elements of an array.</summary>
    public IReadOnlyList<ConfigurationNode> Elements()
    {
        if (Value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong("an array");
        }

        var node = this;
        return [.. Value.EnumerateArray().Select((element, index) => node with { Path = $"{node.Path}[{index}]", Value = element })];
    }

    /// <summary>A string that is not empty.</summary>
    public string Text() => Value.ValueKind == JsonValueKind.String && Value.GetString() is { Length: > 0 } text ? text : throw Wrong("a string that is not empty");

    public bool Flag() => Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? Value.GetBoolean() : throw Wrong("true or false");

    public long Whole(long least, long most) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt64(out var number) && number >= least && number <= most
            ? number
            : throw Wrong($"a whole number from {least} to {most}");

    public TimeSpan Seconds(double least, double most) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetDouble(out var number) && number >= least && number <= most
            ? TimeSpan.FromSeconds(number)
            : throw Wrong($"seconds, a number from {least} to {most}");

    /// <summary>One of a few words.</summary>
    public string OneOf(params ReadOnlySpan<string> words) => Value.ValueKind == JsonValueKind.String && words.Contains(Value.GetString())
        ? Value.GetString()!
        : throw Wrong($"one of {string.Join(", ", words)}");

    /// <summary>A SPIFFE ID with a path.</summary>
    public SpiffeId Spiffe() => SpiffeId.TryParse(Text(), out var id) && id.Path.Length > 0 ? id : throw Wrong("a SPIFFE ID with a path, such as spiffe://example.org/agent/assistant");

    /// <summary>The name of a file that exists, relative to the configuration's folder.</summary>
    public string ExistingFile()
    {
        var path = System.IO.Path.GetFullPath(Text(), Folder);
        return System.IO.File.Exists(path) ? path : throw Error($"there is no file {path}");
    }

    /// <summary>The name of a file or folder, relative to the configuration's folder.</summary>
    public string FullPath() => System.IO.Path.GetFullPath(Text(), Folder);

    public ConfigurationException Wrong(string expected) => Error($"expected {expected}, found {Shown()}");

    public ConfigurationException Error(string what, Exception? cause = null) => new($"{File}: {Path}: {what}", cause);

    private string Shown()
    {
        var raw = Value.GetRawText();
        return raw.Length <= 60 ? raw : raw[..59] + "…";
    }
}
