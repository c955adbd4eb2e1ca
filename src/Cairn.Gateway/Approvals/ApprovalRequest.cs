using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Gateway.Authority;

namespace Cairn.Gateway.Approvals;

/// <summary>
/// What a human is asked: one exact action, and until when. Its digest commits to all of it under the trail's key, so
/// that an answer holds for this action and for no other.
/// </summary>
public sealed record ApprovalRequest
{
    private const string DigestMember = "action_digest";
    private const string InputMember = "approval_input";

    /// <summary>The id of the <c>approval.requested</c> record.</summary>
    public required RecordId Id { get; init; }

    /// <summary>The trail.</summary>
    public required TraceId Trace { get; init; }

    /// <summary>
    /// The action in full, a JSON object: type, name, resource, server, principal, owner, bundle, and a commitment to the exact
    /// input. It is what the digest commits to, byte by byte.
    /// </summary>
    public required string Document { get; init; }

    /// <summary>HMAC-SHA256 of <see cref="Document"/> under the commitment key of this record and <c>action_digest</c>.</summary>
    public required Digest ActionDigest { get; init; }

    /// <summary>Who may answer; empty: any user whom the desk can name.</summary>
    public required IReadOnlyList<string> Approvers { get; init; }

    /// <summary>Why it is asked.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset Requested { get; init; }

    /// <summary>When nobody is waiting for an answer any more.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The input with secrets taken out, where the capture rules let content be kept; null where they do not.</summary>
    public string? Input { get; init; }

    /// <summary>Writes down the exact action.</summary>
    /// <param name="action">The action.</param>
    /// <param name="bundle">The policy bundle that asks for the approval: another bundle would be another question.</param>
    /// <param name="trailKey">The trail's key.</param>
    /// <param name="id">The request's id.</param>
    public static string DocumentOf(ProposedAction action, Digest bundle, ReadOnlySpan<byte> trailKey, RecordId id)
    {
        ArgumentNullException.ThrowIfNull(action);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, action.Type);
            writer.WriteString("name"u8, action.Name);
            writer.WriteString("resource"u8, action.Resource);
            writer.WriteString("server"u8, action.Server);
            writer.WriteString("principal"u8, action.Caller.Agent.ToString());
            writer.WriteString("owner"u8, action.Caller.Owner);
            writer.WriteString("bundle"u8, $"sha256:{bundle}");
            writer.WriteString("input"u8, $"hmac-sha256:{Commitment.Commit(Commitment.CommitmentKey(trailKey, id, InputMember), action.Input.Span)}");
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The digest of a document.</summary>
    public static Digest DigestOf(string document, ReadOnlySpan<byte> trailKey, RecordId id) =>
        Commitment.Commit(Commitment.CommitmentKey(trailKey, id, DigestMember), Encoding.UTF8.GetBytes(document));

    /// <summary>Whether the document shown is the one that the digest commits to.</summary>
    public bool IsGenuine(ReadOnlySpan<byte> trailKey) =>
        CryptographicOperations.FixedTimeEquals(DigestOf(Document, trailKey, Id).ToArray(), ActionDigest.ToArray());

    /// <summary>A member of the document, for people; empty when it has none of that name.</summary>
    public string this[string member]
    {
        get
        {
            using var document = JsonDocument.Parse(Document);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(member, out var value)
                ? value.ToString() : "";
        }
    }

    /// <summary>What is asked, in a sentence.</summary>
    public string InWords => $"{this["principal"]} asks to do {this["type"]} {this["name"]} on {this["resource"]}";

    internal byte[] Encode(string waiting)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v"u8, 1);
            writer.WriteString("id"u8, Id.ToString());
            writer.WriteString("trace"u8, Trace.ToString());
            writer.WriteString("action_digest"u8, $"hmac-sha256:{ActionDigest}");
            writer.WriteString("document"u8, Document);
            writer.WriteStartArray("approvers"u8);
            foreach (var approver in Approvers)
            {
                writer.WriteStringValue(approver);
            }

            writer.WriteEndArray();
            writer.WriteString("reason"u8, Reason);
            writer.WriteString("requested"u8, Requested.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteString("expires"u8, Expires.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteString("waiting"u8, waiting);
            if (Input is not null)
            {
                writer.WriteString("input"u8, Input);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a request and the name of the lock that its waiting process holds.</summary>
    /// <exception cref="ApprovalFormatException">The bytes are no request.</exception>
    internal static (ApprovalRequest Request, string Waiting) Decode(ReadOnlyMemory<byte> bytes, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            string Text(string name) => root.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");
            var request = new ApprovalRequest
            {
                Id = RecordId.TryParse(Text("id"), out var id) ? id : throw new FormatException("id is no record id"),
                Trace = TraceId.Parse(Text("trace")),
                Document = Text("document"),
                ActionDigest = DesksJson.Digest(Text("action_digest")),
                Approvers = [.. root.GetProperty("approvers").EnumerateArray().Select(a => a.GetString() ?? "")],
                Reason = Text("reason"),
                Requested = DateTimeOffset.Parse(Text("requested"), CultureInfo.InvariantCulture),
                Expires = DateTimeOffset.Parse(Text("expires"), CultureInfo.InvariantCulture),
                Input = root.TryGetProperty("input", out var input) ? input.GetString() : null,
            };
            using var check = JsonDocument.Parse(request.Document);
            return (request, Text("waiting"));
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or EvidenceFormatException)
        {
            throw new ApprovalFormatException($"{where} is not a request for approval: {e.Message}", e);
        }
    }
}

/// <summary>A file of the approvals folder is not what it should be.</summary>
/// <param name="message">Which, and what is wrong with it.</param>
/// <param name="innerException">The cause.</param>
public sealed class ApprovalFormatException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A request can't be answered any more.</summary>
/// <param name="message">Which, and why.</param>
public sealed class ApprovalClosedException(string message) : Exception(message);
