using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cairn.Policy.Bundles;

namespace Cairn.Policy.Evaluation;

/// <summary>Puts an input document to Cedar: docs/spec/policy-bundle.md §6, for a reader who does the same in another language.</summary>
internal sealed class CedarCall
{
    public const string Schema = "s";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly bool _whole;
    private readonly bool _all;

    /// <param name="bundle">The bundle.</param>
    /// <param name="input">What is asked.</param>
    /// <param name="whole">
    /// All of the request, checked against the schema: the form of the specification. Otherwise without what no policy
    /// reads, and without the schema where the bundle's own check has shown that every request fits it.
    /// </param>
    public CedarCall(PolicyBundle bundle, DecisionInput input, bool whole)
    {
        (Bundle, Input, _all) = (bundle, input, whole);
        _whole = whole || bundle.Entities.HasValues
            || bundle.Manifest.ArgumentsOf(input.ActionType, input.Server, input.ActionName)?.Values.Contains(ArgumentKind.Json) == true;
        Principal = RequestEntity.Principal(input.Principal, input.Owner, input.Authenticated);
        Target = RequestEntity.Target(input.ActionType, input.ActionName, input.Resource, input.Server);
    }

    public PolicyBundle Bundle { get; }

    public DecisionInput Input { get; }

    public RequestEntity Principal { get; }

    public RequestEntity Target { get; }

    public EntityUid Action => new("Action", Input.ActionType);

    /// <summary>
    /// Writes Cedar's <c>StatefulAuthorizationCall</c> up to the name of its policies, which <see cref="Complete"/> adds: every
    /// instance has names of its own, and what is asked is the same under each.
    /// </summary>
    /// <exception cref="ArgumentRefusedException">An argument is not what the bundle says it must be.</exception>
    public byte[] WriteQuestion()
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("principal"u8);
            Principal.Uid.WriteTo(writer);
            writer.WritePropertyName("action"u8);
            Action.WriteTo(writer);
            writer.WritePropertyName("resource"u8);
            Target.Uid.WriteTo(writer);
            writer.WritePropertyName("context"u8);
            WriteContext(writer);
            if (_whole)
            {
                writer.WriteString("preparsedSchemaName"u8, Schema);
                writer.WriteBoolean("validateRequest"u8, true);
            }

            writer.WriteStartArray("entities"u8);
            Bundle.Entities.Write(writer, [Principal, Target], Reads, _all);
            if (!_whole)
            {
                Bundle.Actions.Write(writer, Action);
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The whole call.</summary>
    /// <param name="question">As written, its object still open.</param>
    /// <param name="policies">The name that an instance prepared the policies under: digits.</param>
    public static byte[] Complete(ReadOnlySpan<byte> question, string policies) =>
        [.. question, .. ",\"preparsedPolicySetId\":\""u8, .. Encoding.ASCII.GetBytes(policies), .. "\"}"u8];

    private bool Reads(string name) => _whole || Bundle.Needs.Reads(name);

    private void Text(Utf8JsonWriter writer, string name, string value)
    {
        if (Reads(name))
        {
            writer.WriteString(name, value);
        }
    }

    private void WriteContext(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        Text(writer, "name", Input.ActionName);
        Text(writer, "server", Input.Server);
        Text(writer, "uri", Input.Resource);
        if (Reads("delegation"))
        {
            writer.WriteStartObject("delegation"u8);
            Texts(writer, "chain"u8, Input.DelegationChain);
            writer.WriteNumber("depth"u8, Input.Depth);
            if (Input.DelegationChain is { Count: > 0 } chain)
            {
                writer.WriteString("initiator"u8, chain[0]);
                writer.WriteString("giver"u8, chain[^1]);
            }

            writer.WriteEndObject();
        }

        if (Reads("scopes"))
        {
            Texts(writer, "scopes"u8, Input.Scopes);
        }

        if (Reads("time"))
        {
            Extension(writer, "time", "datetime", Input.Time);
        }

        if (Input.Writes is { } writes && Reads("writes"))
        {
            writer.WriteBoolean("writes"u8, writes);
        }

        if (Reads("approved"))
        {
            writer.WriteBoolean("approved"u8, Input.Approved);
        }

        if (Bundle.Manifest.AsksArguments(Input.ActionType))
        {
            writer.WriteStartObject("arguments"u8);
            var asked = Bundle.Manifest.ArgumentsOf(Input.ActionType, Input.Server, Input.ActionName);
            if (asked is not null && Input.Arguments.ValueKind == JsonValueKind.Object)
            {
                foreach (var (name, kind) in asked)
                {
                    if (Input.Arguments.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
                    {
                        ArgumentValue.Write(writer, name, kind, value);
                    }
                }
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    internal static void Extension(Utf8JsonWriter writer, string name, string function, string argument)
    {
        writer.WriteStartObject(name);
        writer.WriteStartObject("__extn"u8);
        writer.WriteString("fn"u8, function);
        writer.WriteString("arg"u8, argument);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
