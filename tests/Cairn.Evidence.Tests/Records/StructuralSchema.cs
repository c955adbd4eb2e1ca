using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cairn.Evidence.Tests.Records;

/// <summary>
/// Validates against the JSON Schema keywords (draft 2020-12) that docs/spec/schemas uses, and refuses schemas that use
/// any other, so that no rule is passed over in silence.
/// </summary>
internal sealed class StructuralSchema(string folder)
{
    private static readonly HashSet<string> Annotations = ["$schema", "$defs", "title", "description", "examples"];

    private readonly Dictionary<string, JsonElement> _files = [];

    /// <summary>What is wrong with the value, each with its place; nothing when it is valid.</summary>
    public IEnumerable<string> Errors(string file, JsonElement value) => Check(Load(file), file, value, "");

    private IEnumerable<string> Check(JsonElement schema, string file, JsonElement value, string path)
    {
        foreach (var keyword in schema.EnumerateObject().Where(keyword => !Annotations.Contains(keyword.Name)))
        {
            var argument = keyword.Value;
            var errors = keyword.Name switch
            {
                "$ref" => Reference(argument.GetString()!, file, value, path),
                "allOf" => argument.EnumerateArray().SelectMany(one => Check(one, file, value, path)),
                "anyOf" => argument.EnumerateArray().Any(one => !Check(one, file, value, path).Any()) ? [] : [$"{path}: none of anyOf"],
                "type" => HasType(argument, value) ? [] : [$"{path}: {value.ValueKind} is not {argument}"],
                "const" => JsonElement.DeepEquals(argument, value) ? [] : [$"{path}: {value} is not {argument}"],
                "enum" => argument.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)) ? [] : [$"{path}: {value} is not one of {argument}"],
                "pattern" => If(value, JsonValueKind.String, Regex.IsMatch(Text(value), argument.GetString()!), $"{path}: {value} does not match {argument}"),
                "maxLength" => If(value, JsonValueKind.String, Text(value).Length <= argument.GetInt32(), $"{path}: longer than {argument}"),
                "minLength" => If(value, JsonValueKind.String, Text(value).Length >= argument.GetInt32(), $"{path}: shorter than {argument}"),
                "minimum" => If(value, JsonValueKind.Number, Number(value) >= argument.GetDouble(), $"{path}: below {argument}"),
                "maximum" => If(value, JsonValueKind.Number, Number(value) <= argument.GetDouble(), $"{path}: above {argument}"),
                "required" => value.ValueKind != JsonValueKind.Object ? [] : argument.EnumerateArray().Select(one => one.GetString()!)
                    .Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{path}: no {name}"),
                "properties" => Members(value).Where(member => argument.TryGetProperty(member.Name, out _))
                    .SelectMany(member => Check(argument.GetProperty(member.Name), file, member.Value, $"{path}/{member.Name}")),
                "additionalProperties" => Members(value).Where(member => !schema.TryGetProperty("properties", out var named) || !named.TryGetProperty(member.Name, out _))
                    .SelectMany(member => Additional(argument, file, member.Value, $"{path}/{member.Name}")),
                "unevaluatedProperties" => Members(value).Where(member => !Evaluated(schema, file).Contains(member.Name))
                    .SelectMany(member => Additional(argument, file, member.Value, $"{path}/{member.Name}")),
                "items" => value.ValueKind != JsonValueKind.Array ? [] : value.EnumerateArray()
                    .SelectMany((item, index) => Check(argument, file, item, $"{path}/{index}")),
                var other => throw new NotSupportedException($"{file}: the keyword {other} is not known to these tests"),
            };
            foreach (var error in errors)
            {
                yield return error;
            }
        }
    }

    private IEnumerable<string> Reference(string reference, string file, JsonElement value, string path)
    {
        var (schema, home) = Resolve(reference, file);
        return Check(schema, home, value, path);
    }

    private (JsonElement Schema, string File) Resolve(string reference, string file)
    {
        var parts = reference.Split('#');
        var home = parts[0].Length == 0 ? file : parts[0];
        var schema = Load(home);
        foreach (var step in parts.Length == 1 ? [] : parts[1].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            schema = schema.GetProperty(step);
        }

        return (schema, home);
    }

    private HashSet<string> Evaluated(JsonElement schema, string file)
    {
        var names = new HashSet<string>();
        if (schema.TryGetProperty("properties", out var properties))
        {
            names.UnionWith(properties.EnumerateObject().Select(member => member.Name));
        }

        foreach (var part in schema.TryGetProperty("allOf", out var all) ? all.EnumerateArray().ToList() : [])
        {
            var (target, home) = part.TryGetProperty("$ref", out var reference) ? Resolve(reference.GetString()!, file) : (part, file);
            names.UnionWith(Evaluated(target, home));
        }

        return names;
    }

    private IEnumerable<string> Additional(JsonElement argument, string file, JsonElement value, string path) => argument.ValueKind switch
    {
        JsonValueKind.False => [$"{path}: no such member"],
        JsonValueKind.True => [],
        _ => Check(argument, file, value, path),
    };

    private JsonElement Load(string file)
    {
        if (!_files.TryGetValue(file, out var schema))
        {
            schema = JsonElement.Parse(File.ReadAllBytes(Path.Combine(folder, file)));
            _files.Add(file, schema);
        }

        return schema;
    }

    private static bool HasType(JsonElement type, JsonElement value) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Any(one => HasType(one, value))
        : type.GetString() switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "number" => value.ValueKind == JsonValueKind.Number,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            var other => throw new NotSupportedException($"the type {other} is not known to these tests"),
        };

    private static IEnumerable<string> If(JsonElement value, JsonValueKind kind, bool holds, string error) =>
        value.ValueKind != kind || holds ? [] : [error];

    private static IEnumerable<JsonProperty> Members(JsonElement value) => value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : [];

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
}
