using System.Text.Json;

namespace Cairn.Policy.Bundles;

/// <summary>Policies in the form that the engine takes them: by their own ids, so that its answers name them.</summary>
internal static class PolicySets
{
    public static void Write(Utf8JsonWriter writer, IEnumerable<BundlePolicy> policies)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("staticPolicies"u8);
        foreach (var policy in policies)
        {
            writer.WriteString(policy.Id, policy.Text);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
