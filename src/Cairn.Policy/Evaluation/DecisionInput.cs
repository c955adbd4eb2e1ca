using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>
/// The input document of a decision (docs/spec/policy-bundle.md §5): facts about the request, in the same form under any
/// bundle, and of the arguments those that the bundle asks for. Its bytes are what is decided on and what is recorded.
/// </summary>
public sealed class DecisionInput
{
    /// <summary>The most bytes of arguments that are taken in.</summary>
    public const int MaxArgumentBytes = 64 * 1024;

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    private DecisionInput(JsonElement root)
    {
        var principal = root.GetProperty("principal");
        Principal = Text(principal, "id");
        Owner = Text(principal, "owner");
        Authenticated = Text(principal, "authenticated");
        DelegationChain = Texts(principal, "delegation");
        Scopes = Texts(principal, "scopes");
        var action = root.GetProperty("action");
        ActionType = Text(action, "type");
        ActionName = Text(action, "name");
        var resource = root.GetProperty("resource");
        Resource = Text(resource, "uri");
        Server = Text(resource, "server");
        var context = root.GetProperty("context");
        Time = Text(context, "time");
        Depth = context.GetProperty("depth").GetInt64();
        Writes = context.TryGetProperty("writes", out var writes) ? writes.GetBoolean() : null;
        Approved = context.GetProperty("approved").GetBoolean();
        Asked = Texts(root, "asked");
        Arguments = root.TryGetProperty("arguments", out var arguments) ? arguments : default;
        Refused = root.TryGetProperty("refused", out var refused) ? refused.GetString() : null;
    }

    /// <summary>The workload that acts.</summary>
    public string Principal { get; }

    /// <summary>Who answers for it.</summary>
    public string Owner { get; }

    /// <summary>How it was authenticated.</summary>
    public string Authenticated { get; }

    /// <summary>Who handed authority on, from the initiating principal to the last giver.</summary>
    public IReadOnlyList<string> DelegationChain { get; }

    /// <summary>Scopes of the credential that was shown.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>The kind of act.</summary>
    public string ActionType { get; }

    /// <summary>The tool, method or program.</summary>
    public string ActionName { get; }

    /// <summary>The URI.</summary>
    public string Resource { get; }

    /// <summary>The server.</summary>
    public string Server { get; }

    /// <summary>When it was asked, <c>yyyy-MM-ddTHH:mm:ss.fffZ</c>.</summary>
    public string Time { get; }

    /// <summary>Delegations between the initiating principal and this act.</summary>
    public long Depth { get; }

    /// <summary>Whether it may change something; null when nobody knows.</summary>
    public bool? Writes { get; }

    /// <summary>Whether a human approved it.</summary>
    public bool Approved { get; }

    /// <summary>The members of the arguments that the bundle asked for, in order.</summary>
    public IReadOnlyList<string> Asked { get; }

    /// <summary>The arguments asked for, as far as they were given; undefined when none were.</summary>
    public JsonElement Arguments { get; }

    /// <summary>Why the arguments could not be read; null: they could. Such a request is denied.</summary>
    public string? Refused { get; }

    /// <summary>Writes the document for a request under a bundle.</summary>
    public static byte[] Write(AuthorizationRequest request, BundleManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(manifest);
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Plain);
        writer.WriteStartObject();
        writer.WriteNumber("v"u8, 1);
        writer.WriteStartObject("principal"u8);
        writer.WriteString("id"u8, request.Principal.ToString());
        writer.WriteString("owner"u8, request.Owner);
        writer.WriteString("authenticated"u8, request.Authenticated);
        WriteTexts(writer, "delegation"u8, request.DelegationChain);
        WriteTexts(writer, "scopes"u8, request.Scopes);
        writer.WriteEndObject();
        writer.WriteStartObject("action"u8);
        writer.WriteString("type"u8, request.ActionType);
        writer.WriteString("name"u8, request.ActionName);
        writer.WriteEndObject();
        writer.WriteStartObject("resource"u8);
        writer.WriteString("uri"u8, request.Resource);
        writer.WriteString("server"u8, request.Server);
        writer.WriteEndObject();
        writer.WriteStartObject("context"u8);
        writer.WriteString("time"u8, request.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        writer.WriteNumber("depth"u8, request.Depth);
        if (request.Writes is { } writes)
        {
            writer.WriteBoolean("writes"u8, writes);
        }

        writer.WriteBoolean("approved"u8, request.Approved);
        writer.WriteEndObject();
        if (manifest.ArgumentsOf(request.ActionType, request.Server, request.ActionName) is { } asked)
        {
            WriteArguments(writer, asked.Keys, request.Arguments);
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="FormatException">The bytes are no such document.</exception>
    public static DecisionInput Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            var root = JsonDocument.Parse(utf8, Strict).RootElement;
            if (!Utf8.IsValid(utf8.Span) || !StrictText.Holds(root))
            {
                throw new FormatException("a text is not Unicode");
            }

            return root.GetProperty("v").GetInt32() == 1 ? new DecisionInput(root) : throw new FormatException("not version 1");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new FormatException($"expected a decision's input document (docs/spec/policy-bundle.md §5): {e.Message}", e);
        }
    }

    private static void WriteArguments(Utf8JsonWriter writer, IEnumerable<string> asked, ReadOnlyMemory<byte> arguments)
    {
        WriteTexts(writer, "asked"u8, asked);
        if (arguments.IsEmpty)
        {
            return;
        }

        // Duplicate names would let the policy see one value and the server another.
        try
        {
            // The parser would let invalid text inside a string pass, and put something else in its place.
            if (!Utf8.IsValid(arguments.Span))
            {
                throw new JsonException("not UTF-8");
            }

            using var document = JsonDocument.Parse(arguments, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                writer.WriteString("refused"u8, "the arguments are not a JSON object");
                return;
            }

            var given = asked.Where(a => document.RootElement.TryGetProperty(a, out _)).Select(a => (Name: a, Value: document.RootElement.GetProperty(a))).ToList();
            if (given.Sum(g => (long)System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(g.Value).Length) > MaxArgumentBytes)
            {
                writer.WriteString("refused"u8, $"the arguments that the policy asks for have more than {MaxArgumentBytes} bytes");
                return;
            }

            // Written apart first: a text that is no Unicode shows only when it is written.
            var buffer = new ArrayBufferWriter<byte>(256);
            using (var part = new Utf8JsonWriter(buffer, Plain))
            {
                part.WriteStartObject();
                foreach (var (name, value) in given)
                {
                    part.WritePropertyName(name);
                    value.WriteTo(part);
                }

                part.WriteEndObject();
            }

            writer.WritePropertyName("arguments"u8);
            writer.WriteRawValue(buffer.WrittenSpan);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            writer.WriteString("refused"u8, "the arguments are not JSON without duplicate names, invalid text or nesting beyond 64");
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static string Text(JsonElement owner, string name) => owner.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");

    private static IReadOnlyList<string> Texts(JsonElement owner, string name) => owner.TryGetProperty(name, out var texts)
        ? [.. texts.EnumerateArray().Select(t => t.GetString() ?? throw new FormatException($"{name} has a null"))] : [];
}
