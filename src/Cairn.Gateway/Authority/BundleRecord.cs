using System.Text.Json;
using Cairn.Policy;

namespace Cairn.Gateway.Authority;

/// <summary>The own member of <c>policy.loaded</c> (docs/spec/schemas/policy.loaded.schema.json).</summary>
internal static class BundleRecord
{
    private const int MostErrors = 32;

    public static void Write(Utf8JsonWriter writer, BundleChange change)
    {
        writer.WriteString("status"u8, change.Loaded ? "loaded"u8 : "rejected"u8);
        writer.WriteString("mode"u8, change.Mode == PolicyMode.Shadow ? "shadow"u8 : "enforce"u8);
        if (change.Digest is { } digest)
        {
            writer.WriteString("digest"u8, $"sha256:{digest}");
        }

        if (change.Name is { } name)
        {
            writer.WriteString("name"u8, DecisionRecord.Shown(name));
        }

        if (change.Version is { } version)
        {
            writer.WriteString("version"u8, DecisionRecord.Shown(version));
        }

        if (change.Replaces is { } replaces)
        {
            writer.WriteString("replaces"u8, $"sha256:{replaces}");
        }

        if (change.Errors.Count > 0)
        {
            writer.WriteStartArray("errors"u8);
            foreach (var error in change.Errors.Take(MostErrors))
            {
                writer.WriteStringValue(DecisionRecord.Shown(error));
            }

            writer.WriteEndArray();
        }

        writer.WriteString("engine"u8, change.Engine.Name);
        writer.WriteString("engine_version"u8, change.Engine.Version);
        writer.WriteString("engine_digest"u8, $"sha256:{change.Engine.Digest}");
    }
}
