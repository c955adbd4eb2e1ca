using System.Text.Json;
using System.Text.Json.Serialization;
using Cairn.Evidence;

namespace Cairn.Broker.Store;

/// <summary>Credentials as they stand in the store and in <c>--output json</c>.</summary>
internal static class StoreJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new TraceConverter(), new SpanConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private sealed class TraceConverter : JsonConverter<TraceId>
    {
        public override TraceId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => TraceId.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, TraceId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    private sealed class SpanConverter : JsonConverter<SpanId>
    {
        public override SpanId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => SpanId.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, SpanId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
