using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Policy.Bundles;

namespace Cairn.Cli.Policies;

/// <summary>Data for machines, on standard output.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Action<Utf8JsonWriter> content)
    {
        using var output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output, Options))
        {
            content(json);
        }

        output.WriteByte((byte)'\n');
    }

    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    public static void WriteProblems(this Utf8JsonWriter json, IEnumerable<PolicyProblem> problems)
    {
        json.WriteStartArray("problems");
        foreach (var problem in problems)
        {
            json.WriteStartObject();
            json.WriteString("file", problem.File);
            json.WriteNumber("line", problem.Line);
            json.WriteNumber("column", problem.Column);
            json.WriteString("message", problem.Message);
            json.WriteBoolean("warning", problem.IsWarning);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
