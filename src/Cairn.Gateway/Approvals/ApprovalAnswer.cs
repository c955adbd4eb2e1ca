using System.Buffers;
using System.Text.Json;
using Cairn.Evidence;

namespace Cairn.Gateway.Approvals;

/// <summary>What became of a request for approval: the values of <c>approval.recorded</c>.</summary>
public enum ApprovalOutcome
{
    /// <summary>A human said yes to exactly this action.</summary>
    Approved,

    /// <summary>A human said no.</summary>
    Denied,

    /// <summary>Nobody answered in time.</summary>
    Expired,

    /// <summary>The caller gave up, or the answer is to another action than the one asked for.</summary>
    Withdrawn,
}

/// <summary>An answer, and who gave it as the operating system knows.</summary>
/// <param name="Outcome">What was answered.</param>
/// <param name="Approver">Who: <c>os-user:NAME</c>; <c>nobody</c> when nobody did.</param>
/// <param name="Authenticated">How that is known: <c>os-user</c>, or <c>none</c>.</param>
internal sealed record ApprovalAnswer(ApprovalOutcome Outcome, string Approver, string Authenticated)
{
    /// <summary>The approver's own words; null without any.</summary>
    public string? Comment { get; init; }

    /// <summary>The approver's user id; null when nobody answered.</summary>
    public uint? UserId { get; init; }

    /// <summary>Why, where the outcome does not say it all.</summary>
    public string? Reason { get; init; }

    public static ApprovalAnswer Nobody(ApprovalOutcome outcome, string reason) => new(outcome, "nobody", "none") { Reason = reason };
}

/// <summary>An answer as it stands in its file.</summary>
/// <param name="Id">The request.</param>
/// <param name="ActionDigest">The digest that the human saw.</param>
/// <param name="Approved">Yes or no.</param>
/// <param name="Comment">The human's own words.</param>
internal sealed record WrittenAnswer(RecordId Id, Digest ActionDigest, bool Approved, string? Comment)
{
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v"u8, 1);
            writer.WriteString("id"u8, Id.ToString());
            writer.WriteString("action_digest"u8, $"hmac-sha256:{ActionDigest}");
            writer.WriteString("decision"u8, Approved ? "approved"u8 : "denied"u8);
            if (Comment is not null)
            {
                writer.WriteString("comment"u8, Comment);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="ApprovalFormatException">The bytes are no answer.</exception>
    public static WrittenAnswer Decode(ReadOnlyMemory<byte> bytes, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            return new WrittenAnswer(
                RecordId.TryParse(root.GetProperty("id").GetString(), out var id) ? id : throw new FormatException("id is no record id"),
                DesksJson.Digest(root.GetProperty("action_digest").GetString() ?? ""),
                root.GetProperty("decision").GetString() switch
                {
                    "approved" => true,
                    "denied" => false,
                    _ => throw new FormatException("decision is neither approved nor denied"),
                },
                root.TryGetProperty("comment", out var comment) ? comment.GetString() : null);
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or EvidenceFormatException)
        {
            throw new ApprovalFormatException($"{where} is not an answer: {e.Message}", e);
        }
    }
}

/// <summary>What both kinds of file share.</summary>
internal static class DesksJson
{
    private const string Prefix = "hmac-sha256:";

    public static Digest Digest(string text) => text.StartsWith(Prefix, StringComparison.Ordinal)
        ? Evidence.Digest.ParseHex(text[Prefix.Length..])
        : throw new FormatException($"action_digest does not begin with {Prefix}");
}
