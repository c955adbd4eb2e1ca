using System.Text;
using System.Text.Json;
using Cairn.Trails.Explaining;
using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Laws;

/// <summary>All that is concluded from a trail, as text, so that two can be compared to the byte.</summary>
internal static class TrailText
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new IdText() } };

    /// <summary>Its parts, its graph, its authority, its findings, its explanation.</summary>
    public static string Of(Trail trail)
    {
        var text = new StringBuilder();
        void Line(object? part) => text.Append(JsonSerializer.Serialize(part, Options)).Append('\n');
        foreach (var record in trail.Records)
        {
            text.Append(record.Stream).Append(' ').Append(Encoding.UTF8.GetString(record.Record.Bytes.Span)).Append('\n');
        }

        Line(trail.Tasks);
        Line(trail.Delegations);
        Line(trail.Contexts);
        Line(trail.Actions);
        Line(trail.Effects);
        Line(trail.Gaps);
        Line(trail.Unpaired);
        Line(trail.Counts);
        Line(trail.Authority);
        Line(trail.Graph.InOrder.Select(span => new { span.Id, span.Record, span.Parent }));
        var chains = new AuthorityChains(trail);
        Line(trail.Actions.Select(action => chains.Of(action)).Select(authority => new { Scope = authority.Scope.ToString(), Records = authority.Records.ToList() }));
        Line(RuleCatalogue.Check(new TrailCase(trail)).ToList());
        Line(Explanation.Of(trail));
        return text.ToString();
    }

    /// <summary>Ids by their texts: otherwise all would look alike.</summary>
    private sealed class IdText : System.Text.Json.Serialization.JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.Namespace == "Cairn.Evidence" && typeToConvert.IsValueType && !typeToConvert.IsEnum;

        public override System.Text.Json.Serialization.JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (System.Text.Json.Serialization.JsonConverter)Activator.CreateInstance(typeof(Of<>).MakeGenericType(typeToConvert))!;

        private sealed class Of<T> : System.Text.Json.Serialization.JsonConverter<T>
        {
            public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("texts are only written");

            public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value!.ToString());
        }
    }
}
