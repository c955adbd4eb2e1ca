using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Capture;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>Drafts <c>policy.decided</c>: the decision and all that it rests on.</summary>
public static class DecisionRecord
{
    private const int LongestText = 512;

    /// <param name="way">The action that it is about.</param>
    /// <param name="id">The id that the record gets.</param>
    /// <param name="decision">What was decided.</param>
    /// <param name="approval">The <c>approval.recorded</c> that a repeated decision rests on.</param>
    /// <param name="keys">Keys of the trails.</param>
    internal static RecordDraft Of(ActionUnderWay way, RecordId id, PolicyDecision decision, RecordId? approval, ITrailKeys keys)
    {
        var (input, contents) = ContentCapture.Hold(
            way.Secrets.Bound(ProfileOf(decision.KeepInput), decision.Input.Span), keys, way.Action.Trace, id, "input", "application/json", decision.Input);
        return ActionRecords.Draft(RecordKinds.PolicyDecided, way, id, contents, null, writer =>
        {
            writer.WriteString("bundle"u8, $"sha256:{decision.Bundle}");
            writer.WriteString("version"u8, decision.Version);
            writer.WriteString("entry_point"u8, decision.EntryPoint);
            input.WriteTo(writer, "input");
            writer.WriteString("decision"u8, decision.Outcome switch
            {
                PolicyOutcome.Allow => "allow",
                PolicyOutcome.NeedsApproval => "needs_approval",
                _ => "deny",
            });
            Texts(writer, "obligations", decision.Obligations);
            Texts(writer, "determining", decision.Determining);
            Texts(writer, "errors", decision.Errors);
            writer.WriteString("engine"u8, decision.Engine.Name);
            writer.WriteString("engine_version"u8, decision.Engine.Version);
            writer.WriteNumber("duration_us"u8, (long)decision.Duration.TotalMicroseconds);
            writer.WriteString("action"u8, way.Requested.ToString());
            writer.WriteString("mode"u8, decision.Mode == PolicyMode.Shadow ? "shadow" : "enforce");
            writer.WriteString("engine_digest"u8, $"sha256:{decision.Engine.Digest}");
            writer.WriteString("reason"u8, Shown(decision.Reason));
            if (approval is { } recorded)
            {
                writer.WriteString("approval"u8, recorded.ToString());
            }
        });
    }

    /// <summary>The capture profile that keeps as much as a bundle's rule says.</summary>
    public static CaptureProfile ProfileOf(ContentHandling handling) => handling switch
    {
        ContentHandling.Full => CaptureProfile.Full,
        ContentHandling.Redacted => CaptureProfile.Redacted,
        _ => CaptureProfile.Metadata,
    };

    /// <summary>A text as it may stand in a record: without what looks secret, and not of any length.</summary>
    public static string Shown(string text) => ResourceNames.Bounded(Redactor.RedactText(text), LongestText);

    private static void Texts(System.Text.Json.Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var text in RecordedTexts.Listed(texts, Shown))
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
