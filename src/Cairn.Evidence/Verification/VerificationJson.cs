using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cairn.Evidence.Verification;

/// <summary>A report as JSON, as <c>cairn verify --output json</c> prints it (docs/spec/verification.md §7).</summary>
public static class VerificationJson
{
    /// <summary>The report as indented UTF-8 JSON, without a final newline.</summary>
    public static byte[] Encode(VerificationReport report) => JsonSerializer.SerializeToUtf8Bytes(report, VerificationJsonContext.Readable.VerificationReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(VerificationReport))]
internal sealed partial class VerificationJsonContext : JsonSerializerContext
{
    /// <summary>Text stays unescaped where JSON allows it: the report goes to a terminal or a file, not into HTML.</summary>
    public static VerificationJsonContext Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new VerdictStateConverter() },
    });
}

/// <summary>Verdict states in lower case.</summary>
internal sealed class VerdictStateConverter() : JsonStringEnumConverter<VerdictState>(JsonNamingPolicy.SnakeCaseLower);
